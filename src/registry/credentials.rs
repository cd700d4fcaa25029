//! Who we are for which registry: a docker config.json, as Secrets of type kubernetes.io/dockerconfigjson hold it.
//! Helpers that it may name are programs of a person's machine: they are not run.

use super::Error;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The logins of a docker config.json; without one, nobody.
#[derive(Clone, Default)]
pub struct Credentials {
    /// By registry, with a path where the login is for a part of it.
    logins: BTreeMap<String, Login>,
}

/// How one shows who one is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// A user with a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token to get others with.
    Identity(String),
    /// A token to show as it is.
    Bearer(String),
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl Credentials {
    /// Reads a docker config.json.
    ///
    /// # Errors
    /// It is none.
    pub fn from_docker_config(bytes: &[u8]) -> Result<Self, Error> {
        let fail = |problem: String| Error::Credentials { problem };
        let file: File = serde_json::from_slice(bytes).map_err(|error| fail(format!("no docker config.json: {error}")))?;
        let mut logins = BTreeMap::new();
        for (name, entry) in file.auths {
            if let Some(login) = login(entry).map_err(|problem| fail(format!("the entry of {name} {problem}")))? {
                logins.insert(place(&name), login);
            }
        }
        Ok(Self { logins })
    }

    /// The login for a repository: the one with the longest path that the repository is in.
    pub(super) fn login(&self, registry: &str, repository: &str) -> Option<&Login> {
        let whole = format!("{registry}/{repository}");
        let covers = |place: &str| whole.strip_prefix(place).is_some_and(|rest| rest.starts_with('/') || rest.is_empty());
        self.logins.iter().filter(|(place, _)| covers(place)).max_by_key(|(place, _)| place.len()).map(|(_, login)| login)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.logins.keys()).finish()
    }
}

fn login(entry: Entry) -> Result<Option<Login>, &'static str> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    if let Some(token) = given(entry.identitytoken) {
        return Ok(Some(Login::Identity(token)));
    }
    if let Some(token) = given(entry.registrytoken) {
        return Ok(Some(Login::Bearer(token)));
    }
    if let (Some(user), Some(password)) = (given(entry.username), given(entry.password)) {
        return Ok(Some(Login::Password { user, password }));
    }
    let Some(auth) = given(entry.auth) else { return Ok(None) };
    let decoded = STANDARD.decode(auth.trim()).map_err(|_| "has an `auth` that is not base64")?;
    let text = String::from_utf8(decoded).map_err(|_| "has an `auth` that is not text")?;
    let (user, password) = text.split_once(':').ok_or("has an `auth` that is not USER:PASSWORD")?;
    // Docker ends it with a zero in some versions.
    Ok(Some(Login::Password { user: user.to_owned(), password: password.trim_end_matches('\0').to_owned() }))
}

/// `https://index.docker.io/v1/` → `index.docker.io`, as the registry of a reference is resolved.
fn place(name: &str) -> String {
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    let name = name.trim_end_matches('/');
    let name = name.strip_suffix("/v1").or_else(|| name.strip_suffix("/v2")).unwrap_or(name);
    if name == "docker.io" { "index.docker.io".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(login: Option<&Login>) -> Option<(&str, &str)> {
        match login? {
            Login::Password { user, password } => Some((user, password)),
            Login::Identity(_) | Login::Bearer(_) => None,
        }
    }

    #[test]
    fn the_login_with_the_longest_path_is_taken() {
        let config = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "aHViOnNlY3JldA=="},
            "registry.example:5000": {"username": "whole", "password": "a"},
            "registry.example:5000/team": {"username": "team", "password": "b:c"}
        }, "credsStore": "desktop"}"#;
        let credentials = Credentials::from_docker_config(config.as_bytes()).unwrap();
        assert_eq!(password(credentials.login("index.docker.io", "library/node")), Some(("hub", "secret")));
        assert_eq!(password(credentials.login("registry.example:5000", "team/image")), Some(("team", "b:c")));
        assert_eq!(password(credentials.login("registry.example:5000", "teams/image")), Some(("whole", "a")));
        assert_eq!(password(credentials.login("registry.example", "team/image")), None);
    }

    #[test]
    fn what_is_no_config_says_so_and_shows_no_secret() {
        let problem =
            |text: &str| Credentials::from_docker_config(text.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(problem("nothing").contains("no docker config.json"));
        let wrong = problem(r#"{"auths": {"registry.example": {"auth": "c2VjcmV0"}}}"#);
        assert!(wrong.contains("registry.example") && !wrong.contains("secret"), "{wrong}");
        let credentials = Credentials::from_docker_config(br#"{"auths": {"a": {"username": "u", "password": "hidden"}}}"#).unwrap();
        assert_eq!(format!("{credentials:?}"), r#"["a"]"#);
    }
}
