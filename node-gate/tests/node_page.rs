//! docs/node.md against the program and its tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use node_gate::args::Args;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(repository().join("docs/node.md")).expect("docs/node.md")
}

/// A row for each flag that `--help` shows, of all commands first.
fn flags() -> Vec<String> {
    let command = Args::command();
    let mut rows = Vec::new();
    let all = [("all", &command)];
    let others = command.get_subcommands().filter(|one| !one.is_hide_set()).map(|one| (one.get_name(), one));
    for (name, command) in all.into_iter().chain(others) {
        for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
            let Some(long) = flag.get_long().filter(|long| !matches!(*long, "help" | "version")) else {
                continue;
            };
            let variable =
                flag.get_env().map_or(String::new(), |name| format!("`{}`", name.to_string_lossy()));
            let default =
                flag.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy()));
            let choices: Vec<_> = flag.get_possible_values();
            let takes = match choices.as_slice() {
                _ if !flag.get_action().takes_values() => String::new(),
                [] => format!("={}", flag.get_value_names().map_or("", |names| names[0].as_str())),
                choices => {
                    format!(
                        "={}",
                        choices
                            .iter()
                            .map(clap::builder::PossibleValue::get_name)
                            .collect::<Vec<_>>()
                            .join("\\|")
                    )
                }
            };
            let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
            rows.push(format!(
                "| `{name}` | `--{long}{takes}` | {variable} | {} | {help} |",
                default.collect::<Vec<_>>().join(", ")
            ));
        }
    }
    rows
}

#[test]
fn the_table_of_flags_is_what_help_says() {
    let page = page();
    let table = page.lines().skip_while(|line| !line.starts_with("| command | flag |"));
    let told: Vec<_> = table.skip(2).take_while(|line| line.starts_with('|')).collect();
    let flags = flags();
    assert!(told == flags, "the table should be:\n{}", flags.join("\n"));
}

/// The names of all functions in our sources; a test is one of them.
fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders: Vec<_> =
        ["node-gate", "controller", "lifecycle", "e2e"].map(|name| repository().join(name)).into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of ours").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let source = fs::read_to_string(&path).expect("a source of ours");
                let after = source.split("fn ").skip(1);
                found.extend(after.map(|rest| {
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
                }));
            }
        }
    }
    found
}

#[test]
fn each_weakness_of_others_names_tests_that_exist() {
    let (page, functions) = (page(), functions());
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| G")).collect();
    let numbers: Vec<_> = rows.iter().filter_map(|row| row.split(' ').nth(1)).collect();
    assert_eq!(numbers, (1..=30).map(|number| format!("G{number}")).collect::<Vec<_>>());
    for row in rows {
        let tests = row.rsplit('|').nth(1).expect("a last column");
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() || tests.contains("not yet"), "{row}");
        for name in names {
            assert!(functions.contains(name), "there is no test {name}: {row}");
        }
    }
}
