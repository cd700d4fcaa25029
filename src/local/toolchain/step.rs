//! What the search for the tool chain tells while it goes on. The wording for people is here, one line a step.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One thing that happened on the way to the tool chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "step", rename_all = "camelCase")]
pub enum Step {
    /// A program that was already on this machine is used.
    Using {
        /// What it is, as `Node`.
        tool: &'static str,
        /// Its version, in its own words.
        version: String,
        /// Where it is.
        path: PathBuf,
    },
    /// Something is being fetched or made; [`Step::Made`] follows.
    Making {
        /// What it is.
        tool: &'static str,
        /// How, as `by pip, a download of 45 MB`.
        how: &'static str,
    },
    /// Another process is making it; we wait.
    Waiting {
        /// What it is.
        tool: &'static str,
    },
    /// Something was fetched or made.
    Made {
        /// What it is.
        tool: &'static str,
        /// Size on disk, in bytes.
        bytes: u64,
        /// How long it took.
        took: Duration,
        /// Where it is kept.
        path: PathBuf,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Using { tool, version, path } => write!(f, "using {tool} {version} ({})", path.display()),
            Self::Making { tool, how } => write!(f, "preparing {tool} {how}; this happens once"),
            Self::Waiting { tool } => write!(f, "waiting for another warpline that prepares {tool}"),
            Self::Made { tool, bytes, took, path } => {
                write!(f, "prepared {tool}: {} in {:.1} s ({})", size(*bytes), took.as_secs_f64(), path.display())
            }
        }
    }
}

/// `bytes` in kB or MB.
fn size(bytes: u64) -> String {
    if bytes < 1_000_000 { format!("{} kB", bytes.div_ceil(1000)) } else { format!("{} MB", bytes.div_ceil(1_000_000)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_as_sentences() {
        let made = Step::Made { tool: "Node", bytes: 124_827_920, took: Duration::from_millis(5170), path: "/c/node".into() };
        assert_eq!(made.to_string(), "prepared Node: 125 MB in 5.2 s (/c/node)");
        assert_eq!(size(1), "1 kB");
    }
}
