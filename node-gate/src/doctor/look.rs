//! What the gate itself would see: `node-gate look` reads the settings as `node-gate wait` does, looks once, and tells it as
//! JSON. The doctor runs it with the environment of the gate's unit, so that what is looked at is what the gate would look at.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::facts::Seen;
use crate::address::Addresses;
use crate::autoscaling::{AutoScaling, LaunchHook};
use crate::gate::{Answer, Imds, OnUnknown, Policy, Until};
use crate::imds::{GROUP_TAG, INSTANCE_ID, Metadata};

const TAGS: &str = "/latest/meta-data/tags/instance";
const ROLE: &str = "/latest/meta-data/iam/security-credentials/";
/// The API answers in well under a second.
const PATIENCE: Duration = Duration::from_secs(4);

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The settings as they were understood.
    pub settings: Understood,
    /// IMDS; the error says what it did instead of answering.
    pub metadata: Seen<Instance>,
    /// The Auto Scaling API, if it is known which instance this is.
    pub api: Option<Api>,
    /// The hooks at which instances of the group wait before they are in service; looked at where that matters.
    pub hooks: Option<Seen<Vec<LaunchHook>>>,
}

/// The settings that matter to the doctor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Understood {
    /// `--until=in-service`.
    pub strict: bool,
    /// `--on-unknown=open`.
    pub opens_in_doubt: bool,
    /// `--group`.
    pub groups: Vec<String>,
    /// `--state-dir`.
    pub state_dir: PathBuf,
}

/// What IMDS tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The target lifecycle state; `None`: 404.
    pub target: Option<String>,
    /// The instance's id.
    pub id: Option<String>,
    /// Whether IMDS shows any tags.
    pub shows_tags: bool,
    /// The group that the instance tag names.
    pub group: Option<String>,
    /// The role whose credentials IMDS gives out.
    pub role: Option<String>,
}

/// What Auto Scaling answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Api {
    /// It lists the instance.
    Listed {
        /// In this group.
        group: String,
        /// In this lifecycle state.
        state: String,
    },
    /// It does not list the instance.
    Unlisted,
    /// It may not be asked, or cannot be reached.
    NoAccess(String),
    /// It did not answer this time.
    Failing(String),
}

impl Understood {
    /// Notes what was understood.
    pub fn new(policy: &Policy, state_dir: PathBuf) -> Self {
        Understood {
            strict: policy.until == Until::InService,
            opens_in_doubt: policy.on_unknown == OnUnknown::Open,
            groups: policy.groups.clone(),
            state_dir,
        }
    }
}

impl Look {
    /// The group of the instance, by the API or by its tag.
    pub fn group(&self) -> Option<&str> {
        match (&self.api, &self.metadata) {
            (Some(Api::Listed { group, .. }), _) => Some(group),
            (_, Ok(instance)) => instance.group.as_deref(),
            (_, Err(_)) => None,
        }
    }
}

/// Looks once, and gives it as JSON.
pub fn look(policy: &Policy, state_dir: PathBuf, addresses: Addresses) -> std::io::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let look = runtime.block_on(async {
        let mut metadata = Metadata::new(addresses, policy);
        let instance = inspect(&mut metadata).await;
        let mut look =
            Look { settings: Understood::new(policy, state_dir), metadata: instance, api: None, hooks: None };
        let autoscaling = AutoScaling::default();
        if let Some(id) = look.metadata.as_ref().ok().and_then(|instance| instance.id.clone()) {
            let asked = autoscaling.clone().ask(id, metadata.endpoint().clone());
            look.api = Some(tokio::time::timeout(PATIENCE, asked).await.map_or_else(|_| late(), Api::from));
        }
        if look.settings.strict
            && let Some(group) = look.group()
        {
            let asked = autoscaling.launch_hooks(group.to_owned(), metadata.endpoint().clone());
            let hooks = tokio::time::timeout(PATIENCE, asked).await;
            look.hooks = Some(hooks.unwrap_or_else(|_| Err(NO_ANSWER.to_owned())));
        }
        look
    });
    Ok(serde_json::to_string(&look)?)
}

const NO_ANSWER: &str = "the Auto Scaling API does not answer within 4 s";

fn late() -> Api {
    Api::NoAccess(NO_ANSWER.to_owned())
}

impl From<Answer> for Api {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Listed { group, state } => Api::Listed { group, state: state.to_string() },
            Answer::Unlisted => Api::Unlisted,
            Answer::NoAccess(why) => Api::NoAccess(why),
            Answer::Failing(why) => Api::Failing(why),
        }
    }
}

async fn inspect(metadata: &mut Metadata) -> Seen<Instance> {
    let target = match metadata.look().await.imds {
        Imds::Failing(why) => return Err(why),
        Imds::NoTarget => None,
        Imds::Target(target) => Some(target.to_string()),
    };
    let id = metadata.read(INSTANCE_ID).await?.filter(|id| id.starts_with("i-"));
    let role = metadata.read(ROLE).await?.and_then(|text| text.lines().next().map(str::to_owned));
    Ok(Instance {
        target,
        id,
        shows_tags: metadata.read(TAGS).await?.is_some(),
        group: metadata.read(GROUP_TAG).await?,
        role,
    })
}
