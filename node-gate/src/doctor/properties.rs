//! The output of `systemctl show`: one block a unit, one `Name=value` a line, a blank line between blocks.

use std::collections::BTreeMap;

/// The properties of one unit. A name may come several times, as `ExecStart` and `EnvironmentFiles` do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Vec<String>>);

/// Reads the blocks, in the order in which the units were asked for.
pub fn parse(output: &str) -> Vec<Properties> {
    let mut blocks = Vec::new();
    let mut block = Properties::default();
    for line in output.lines() {
        match line.split_once('=') {
            Some((name, value)) => block.0.entry(name.to_owned()).or_default().push(value.to_owned()),
            None if line.is_empty() && !block.0.is_empty() => blocks.push(std::mem::take(&mut block)),
            None => {}
        }
    }
    if !block.0.is_empty() {
        blocks.push(block);
    }
    blocks
}

impl Properties {
    /// The value of a property; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.all(name).first().map_or("", String::as_str)
    }

    /// Each value of a property that comes several times.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The words of a list. systemd quotes those with unusual characters.
    pub fn words(&self, name: &str) -> Vec<String> {
        let text = self.text(name);
        quoted_words(text).unwrap_or_else(|| text.split_ascii_whitespace().map(str::to_owned).collect())
    }

    /// A boolean.
    pub fn is(&self, name: &str) -> bool {
        self.text(name) == "yes"
    }
}

/// A command of a unit, as systemd shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program.
    pub path: String,
    /// All arguments, the program's name first, with blanks between: which blank belongs to an argument cannot be seen.
    pub line: String,
    /// Its failure does not count (`ExecStart=-…`).
    pub may_fail: bool,
}

/// Reads `{ path=… ; argv[]=… ; ignore_errors=… ; … }`.
pub fn command(value: &str) -> Option<Command> {
    let rest = value.strip_prefix("{ path=")?;
    let (path, rest) = rest.split_once(" ; argv[]=")?;
    // From the end, for arguments may hold anything.
    let (line, rest) = rest.rsplit_once(" ; ignore_errors=")?;
    Some(Command { path: path.to_owned(), line: line.to_owned(), may_fail: rest.starts_with("yes") })
}

/// Reads `/etc/some.env (ignore_errors=yes)`: the path, and whether the file may be missing.
pub fn environment_file(value: &str) -> Option<(String, bool)> {
    let (path, rest) = value.rsplit_once(" (ignore_errors=")?;
    Some((path.to_owned(), rest.starts_with("yes")))
}

/// Reads a list whose words may be quoted as for a shell: `A=b "C=d e"`. `None`: it is not legible.
pub fn quoted_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            (word.to_owned(), after)
        };
        // `$'…'`, and `[unprintable]`.
        if word.starts_with(['$', '[', '\'']) {
            return None;
        }
        words.push(word);
        rest = after.trim_start();
    }
    Some(words)
}

/// The text up to the closing quote, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((word, &text[at + 1..])),
            '\\' => word.push(chars.next()?.1),
            _ => word.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_with_unusual_characters_are_told_in_quotes() {
        // As systemd 252 prints it.
        let shown = parse(
            "Requires=\"system-node\\\\x2dgate.slice\" sysinit.target\nAfter=\nWants=\"odd a.service\n",
        );
        assert_eq!(shown[0].words("Requires"), ["system-node\\x2dgate.slice", "sysinit.target"]);
        assert_eq!(shown[0].words("After"), [""; 0]);
        assert_eq!(shown[0].words("Wants"), ["\"odd", "a.service"]);
    }

    /// As systemd 252 prints it.
    const SHOWN: &str = "Type=oneshot\nRemainAfterExit=yes\nExecStart={ path=/usr/bin/node-gate ; \
        argv[]=/usr/bin/node-gate wait ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; \
        code=(null) ; status=0/0 }\nEnvironment=\nEnvironmentFiles=/etc/node-gate/node-gate.env (ignore_errors=yes)\n\
        EnvironmentFiles=/etc/b (ignore_errors=no)\nId=node-gate.service\nRequires=system.slice sysinit.target\n\n\
        Id=kubelet.service\nLoadState=not-found\n";

    #[test]
    fn each_unit_has_its_block_and_each_name_its_values() {
        let blocks = parse(SHOWN);
        assert_eq!(blocks.len(), 2);
        let [gate, kubelet] = &blocks[..] else { panic!() };
        assert_eq!(gate.text("Type"), "oneshot");
        assert!(gate.is("RemainAfterExit") && !kubelet.is("RemainAfterExit"));
        assert_eq!(gate.words("Requires"), ["system.slice", "sysinit.target"]);
        assert_eq!((gate.text("Environment"), gate.text("NoSuchThing")), ("", ""));
        let files: Vec<_> =
            gate.all("EnvironmentFiles").iter().filter_map(|one| environment_file(one)).collect();
        assert_eq!(files, [("/etc/node-gate/node-gate.env".into(), true), ("/etc/b".into(), false)]);
        assert_eq!(kubelet.text("LoadState"), "not-found");
    }

    #[test]
    fn a_command_is_read_even_if_its_arguments_look_like_the_format() {
        let shown = |line: &str, ignore: &str| {
            format!(
                "{{ path=/bin/a ; argv[]={line} ; ignore_errors={ignore} ; start_time=[n/a] ; stop_time=[n/a] ; \
                 pid=0 ; code=(null) ; status=0/0 }}"
            )
        };
        let read = |line: &str, ignore| command(&shown(line, ignore)).unwrap();
        assert_eq!(read("/bin/a b", "no").line, "/bin/a b");
        assert!(!read("/bin/a b", "no").may_fail && read("/bin/a", "yes").may_fail);
        assert_eq!(read("/bin/a ; ignore_errors=yes ; b", "no").line, "/bin/a ; ignore_errors=yes ; b");
        assert!(!read("/bin/a ; ignore_errors=yes ; b", "no").may_fail);
        for wrong in ["", "{", "{ path=/bin/a }", "/bin/a"] {
            assert_eq!(command(wrong), None);
        }
    }

    #[test]
    fn quoted_words_are_read_or_refused() {
        let read = |text| quoted_words(text).unwrap();
        assert_eq!(read(""), [""; 0]);
        assert_eq!(read("A=b C=d"), ["A=b", "C=d"]);
        assert_eq!(read(r#"A=b "C=d e\"\\\$" F=g"#), ["A=b", "C=d e\"\\$", "F=g"]);
        for wrong in ["\"A=b", "A=b $'C=d\\n'", "[unprintable]", "\"A\\"] {
            assert_eq!(quoted_words(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_output_confuses_the_reader(output in "\\PC*", value in "[{}a-z=;\\[\\] ()/]*") {
            let _ = parse(&output);
            let _ = (command(&value), environment_file(&value), quoted_words(&value), quoted_words(&output));
        }

        #[test]
        fn what_systemd_prints_is_read_back(
            blocks in prop::collection::vec(
                prop::collection::btree_map("[A-Z][A-Za-z]{0,12}", "[ -~]{0,30}", 1..6), 0..5),
        ) {
            let text: Vec<String> = blocks
                .iter()
                .map(|block| {
                    let lines: Vec<_> = block.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
                    lines.concat()
                })
                .collect();
            let read = parse(&text.join("\n"));
            prop_assert_eq!(read.len(), blocks.len());
            for (read, block) in read.iter().zip(&blocks) {
                for (name, value) in block {
                    prop_assert_eq!(read.text(name), value);
                }
            }
        }
    }
}
