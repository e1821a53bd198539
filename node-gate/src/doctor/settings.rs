//! The settings that the gate would run with: of its unit, and of the files that the unit names.

use std::path::PathBuf;

use super::environment::{Assignments, parse};
use super::facts::Seen;
use super::unit::Unit;

/// Where the shipped unit has them.
const USUAL_FILE: &str = "/etc/node-gate/node-gate.env";
/// Settings are a page; what is longer is another file.
const LONGEST: u64 = 1024 * 1024;

/// What the gate would be started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The arguments of the program.
    pub arguments: Seen<Vec<String>>,
    /// `Environment=` of the unit.
    pub unit: Seen<Vec<(String, String)>>,
    /// The files, as they apply.
    pub files: Vec<SettingsFile>,
}

/// One environment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFile {
    /// Where it is.
    pub path: PathBuf,
    /// The unit starts without it.
    pub may_miss: bool,
    /// What it says.
    pub content: Content,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It is not there.
    Missing,
    /// It is there, and we cannot read it.
    Unreadable(String),
    /// systemd takes nothing from it, for this reason.
    Refused(String),
    /// Settings.
    Read(Assignments),
}

impl Settings {
    /// Reads the settings of a gate's unit; without one, those of the unit as it is shipped.
    pub fn read(gate: Option<&Unit>) -> Self {
        let Some(gate) = gate.filter(|gate| !gate.start.is_empty()) else {
            let files = vec![SettingsFile::read(USUAL_FILE, true)];
            return Settings { arguments: Ok(vec!["wait".into()]), unit: Ok(Vec::new()), files };
        };
        Settings {
            arguments: arguments(&gate.start[0].line),
            unit: gate.environment.clone(),
            files: gate.environment_files.iter().map(|(path, may)| SettingsFile::read(path, *may)).collect(),
        }
    }

    /// All variables, in the order in which they apply: later ones count.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let of_files = self.files.iter().flat_map(|file| match &file.content {
            Content::Read(found) => &found.set[..],
            Content::Missing | Content::Unreadable(_) | Content::Refused(_) => &[],
        });
        let of_unit = self.unit.as_ref().map_or(&[][..], Vec::as_slice);
        of_unit.iter().chain(of_files).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables().filter(|(one, _)| *one == name).last().map(|(_, value)| value)
    }
}

impl SettingsFile {
    fn read(path: &str, may_miss: bool) -> Self {
        let content = match read(path) {
            Ok(Some(bytes)) => parse(&bytes).map_or_else(Content::Refused, Content::Read),
            Ok(None) => Content::Missing,
            Err(why) => Content::Unreadable(why),
        };
        SettingsFile { path: path.into(), may_miss, content }
    }
}

fn read(path: &str) -> Result<Option<Vec<u8>>, String> {
    if path.contains(['*', '?', '[']) {
        return Err("it is a pattern for several files".into());
    }
    match std::fs::metadata(path) {
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(err.to_string()),
        Ok(found) if !found.is_file() => return Err("it is no plain file".into()),
        Ok(found) if found.len() > LONGEST => return Err("it is longer than a megabyte".into()),
        Ok(_) => {}
    }
    std::fs::read(path).map(Some).map_err(|err| err.to_string())
}

/// The arguments of a command line as systemd shows it. Blanks within an argument cannot be told from those between two.
fn arguments(line: &str) -> Seen<Vec<String>> {
    if line.contains('$') {
        return Err("ExecStart= uses variables".into());
    }
    Ok(line.split_ascii_whitespace().skip(1).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(unit: &[(&str, &str)], files: &[&str]) -> Settings {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let file = |text: &&str| SettingsFile {
            path: "/etc/a".into(),
            may_miss: true,
            content: Content::Read(parse(text.as_bytes()).unwrap()),
        };
        Settings {
            arguments: Ok(Vec::new()),
            unit: Ok(unit.iter().map(pair).collect()),
            files: files.iter().map(file).collect(),
        }
    }

    #[test]
    fn the_last_assignment_counts_and_files_come_after_the_unit() {
        let settings = settings(&[("A", "unit"), ("B", "unit")], &["A=one\nC=one", "A=two\nA=three"]);
        assert_eq!(settings.variable("A"), Some("three"));
        assert_eq!((settings.variable("B"), settings.variable("C")), (Some("unit"), Some("one")));
        assert_eq!(settings.variable("D"), None);
    }

    #[test]
    fn a_file_is_read_missing_refused_or_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.env");
        let read = |path: &std::path::Path| SettingsFile::read(path.to_str().unwrap(), true).content;
        assert_eq!(read(&path), Content::Missing);
        std::fs::write(&path, "A=1\n").unwrap();
        assert!(matches!(read(&path), Content::Read(found) if found.set == [("A".into(), "1".into())]));
        std::fs::write(&path, b"A=\xff\n").unwrap();
        assert_eq!(read(&path), Content::Refused("line 1 is not UTF-8".into()));
        assert_eq!(read(folder.path()), Content::Unreadable("it is no plain file".into()));
        assert!(matches!(read(&folder.path().join("*.env")), Content::Unreadable(_)));
    }

    #[test]
    fn arguments_follow_the_program() {
        assert_eq!(
            arguments("/usr/bin/node-gate wait --grace 1m"),
            Ok(vec!["wait".into(), "--grace".into(), "1m".into()])
        );
        assert!(arguments("/usr/bin/node-gate wait $OPTIONS").is_err());
    }
}
