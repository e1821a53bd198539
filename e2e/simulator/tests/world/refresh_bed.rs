//! Groups to be refreshed, and how they look.

use std::collections::BTreeMap;

use aws_simulator::world::{
    Command, CreateGroup, GroupSettings, LaunchTemplate, Page, RefreshPreferences, RefreshStrategy,
    RefreshView, Reply, StartRefresh, Tree, Wanted,
};

use crate::bed::{A_WHILE, Bed};

pub(crate) fn template(version: &str) -> LaunchTemplate {
    LaunchTemplate { id: Some("lt-1".into()), name: None, version: Some(version.into()) }
}

fn fields(fields: &[(&str, Tree)]) -> Tree {
    Tree::Fields(fields.iter().map(|(name, tree)| ((*name).to_owned(), tree.clone())).collect())
}

/// A mixed instances policy with one override, with or without an image.
pub(crate) fn policy(version: &str, image: Option<&str>) -> Tree {
    let text = |text: &str| Tree::Text(text.to_owned());
    let specification = fields(&[("LaunchTemplateId", text("lt-1")), ("Version", text(version))]);
    let mut one = vec![("InstanceType", text("t3.nano"))];
    one.extend(image.map(|image| ("ImageId", text(image))));
    let overrides = Tree::List(BTreeMap::from([(1, fields(&one))]));
    let inside = fields(&[("LaunchTemplateSpecification", specification), ("Overrides", overrides)]);
    fields(&[("LaunchTemplate", inside)])
}

/// A group `g` of this many instances from version 1, in service.
pub(crate) fn group(desired: u32) -> Bed {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(CreateGroup {
        name: "g".into(),
        max: 9,
        desired: Some(desired),
        launch_template: Some(template("1")),
        ..Default::default()
    }));
    bed.pass(A_WHILE);
    bed
}

/// The same from a mixed instances policy, as root volumes are replaced.
pub(crate) fn mixed_group(desired: u32) -> Bed {
    let mut bed = Bed::new();
    bed.run(Command::CreateGroup(mixed(desired)));
    bed.pass(A_WHILE);
    bed
}

/// What makes it.
pub(crate) fn mixed(desired: u32) -> CreateGroup {
    let mut settings = GroupSettings::default();
    settings.repeated.insert("MixedInstancesPolicy", policy("1", Some("ami-1")));
    CreateGroup { name: "g".into(), max: 9, desired: Some(desired), settings, ..CreateGroup::default() }
}

pub(crate) fn rolling(preferences: RefreshPreferences) -> Command {
    let wanted = Some(Wanted::Template(template("2")));
    let strategy = RefreshStrategy::Rolling;
    Command::StartRefresh(StartRefresh { group: "g".into(), strategy, wanted, preferences })
}

pub(crate) fn replacing() -> StartRefresh {
    StartRefresh {
        group: "g".into(),
        strategy: RefreshStrategy::ReplaceRootVolume,
        wanted: Some(Wanted::Mixed(policy("2", Some("ami-2")))),
        preferences: RefreshPreferences::default(),
    }
}

pub(crate) fn refreshes(bed: &mut Bed) -> Vec<RefreshView> {
    let command = Command::DescribeRefreshes { group: "g".into(), ids: Vec::new(), page: Page::default() };
    let Reply::Refreshes { refreshes, .. } = bed.run(command) else { panic!("not refreshes") };
    refreshes
}

pub(crate) fn newest(bed: &mut Bed) -> RefreshView {
    refreshes(bed).remove(0)
}

/// How many instances there are of each version of the template, by version.
pub(crate) fn versions(bed: &Bed) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for machine in bed.world.machines() {
        let version = machine.view.launch_template.and_then(|template| template.version);
        *counts.entry(version.unwrap_or_default()).or_default() += 1;
    }
    counts
}

pub(crate) fn in_service(bed: &Bed) -> usize {
    bed.states().iter().filter(|state| *state == "InService").count()
}
