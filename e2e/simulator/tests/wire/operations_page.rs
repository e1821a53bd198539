//! The page of operations names those that there are.

use crate::bed::{post, start};

const PAGE: &str = include_str!("../../../../docs/aws-simulator-operations.md");

/// The operations in the first column of a section's table.
fn operations(section: &str) -> Vec<&'static str> {
    let (_, rest) = PAGE.split_once(&format!("## {section}\n")).expect("the section");
    let table = rest.split("\n## ").next().unwrap_or_default();
    let firsts =
        table.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    firsts.flat_map(|first| first.split('`').skip(1).step_by(2)).collect()
}

#[tokio::test]
async fn every_operation_on_the_page_is_one() {
    let (simulator, _) = start().await;
    for (section, version, least) in [("Auto Scaling", "2011-01-01", 66), ("EC2", "2016-11-15", 23)] {
        let names = operations(section);
        assert!(names.len() >= least, "{section}: {names:?}");
        for name in names {
            let form = format!("Action={name}&Version={version}");
            let (_, body) = post(&simulator.endpoint(), form.as_bytes()).await;
            assert!(!body.contains("<Code>InvalidAction</Code>"), "{section} {name}: {body}");
        }
    }
}
