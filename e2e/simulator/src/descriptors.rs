//! How many files we may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes as many as we are allowed. Each instance needs two, for its port and whoever listens there; what most systems
/// give a program without being asked is enough for 500 instances.
pub(crate) fn allow_many() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "raising the limit of open files");
    }
}
