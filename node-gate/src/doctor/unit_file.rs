//! What unit files say, for the little that systemd does not show.

use std::path::Path;

/// `ConditionPathExists=` as these files set it, one after the other as they apply. The error names a file that cannot be
/// read.
pub fn path_conditions<'a>(mut files: impl Iterator<Item = &'a Path>) -> Result<Vec<String>, String> {
    let texts: Result<Vec<_>, _> = files.try_fold(Vec::new(), |mut texts, path| {
        let bytes = std::fs::read(path).map_err(|err| format!("{}: {err}", path.display()))?;
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
        Ok(texts)
    });
    texts.map(|texts| conditions(texts.into_iter()))
}

/// An empty assignment takes back all conditions before it.
fn conditions(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        let mut in_unit = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                in_unit = line == "[Unit]";
            }
            let Some((name, value)) = line.split_once('=') else { continue };
            let (name, value) = (name.trim_end(), value.trim_start());
            if !in_unit || !name.starts_with("Condition") {
                continue;
            }
            match (name, value) {
                (_, "") => found.clear(),
                ("ConditionPathExists", path) => found.push(path.to_owned()),
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(texts: &[&str]) -> Vec<String> {
        conditions(texts.iter().map(|text| (*text).to_owned()))
    }

    #[test]
    fn conditions_add_up_until_an_empty_one_takes_them_back() {
        assert_eq!(
            of(&["[Unit]\nConditionPathExists=/a\n", "[Unit]\nConditionPathExists = /b"]),
            ["/a", "/b"]
        );
        assert_eq!(of(&["[Unit]\nConditionPathExists=/a", "[Unit]\nConditionPathExists=\n"]), [""; 0]);
        assert_eq!(of(&["[Unit]\nConditionPathExists=/a", "[Unit]\nConditionVirtualization="]), [""; 0]);
        assert_eq!(of(&["[Unit]\n#ConditionPathExists=/a\n[Service]\nConditionPathExists=/b"]), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_file_can_be_read(text in "\\PC*") {
            let _ = of(&[&text]);
        }
    }
}
