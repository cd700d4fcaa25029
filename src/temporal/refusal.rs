//! Why the server refuses a write to a worker deployment: it says so in one code and in words, and the words are read
//! here and nowhere else.

use temporalio_client::tonic::{Code, Status};

/// What a refused write to a deployment means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Somebody changed the deployment since we looked.
    Changed,
    /// Somebody else manages it.
    Managed {
        /// Who.
        manager: String,
    },
    /// What was asked can't be done in its present state.
    State,
}

impl Refusal {
    /// What a status says; none when it is no refusal.
    pub(super) fn read(status: &Status) -> Option<Self> {
        let words = status.message();
        match status.code() {
            Code::FailedPrecondition if words.contains("conflict token") => Some(Self::Changed),
            Code::FailedPrecondition => Some(manager(words).map_or(Self::State, |manager| Self::Managed { manager })),
            Code::Aborted => Some(Self::Changed),
            _ => None,
        }
    }
}

/// The manager that the server names: `ManagerIdentity 'somebody' is set and does not match…`.
fn manager(words: &str) -> Option<String> {
    let (_, rest) = words.split_once("ManagerIdentity '")?;
    let (manager, _) = rest.split_once("' is set")?;
    Some(manager.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        let read = |code, words: &str| Refusal::read(&Status::new(code, words));
        assert_eq!(read(Code::FailedPrecondition, "conflict token mismatch"), Some(Refusal::Changed));
        let managed = "ManagerIdentity 'it's me' is set and does not match user identity 'you'; to proceed, …";
        assert_eq!(read(Code::FailedPrecondition, managed), Some(Refusal::Managed { manager: "it's me".to_owned() }));
        assert_eq!(read(Code::FailedPrecondition, "something else"), Some(Refusal::State));
        assert_eq!(read(Code::Unavailable, "conflict token mismatch"), None);
    }
}
