//! Answers to a registry's challenge: a password, or a token that its token server gives for a password. Tokens are kept.

use super::credentials::Login;
use super::send::{bounded, words};
use super::{Error, Registry, error};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Mutex;

/// More than any token server says.
const ANSWER: u64 = 1024 * 1024;

/// What was learnt of registries: the headers that open them, by registry and scope.
#[derive(Debug, Default)]
pub(super) struct Logins {
    known: Mutex<HashMap<(String, String), String>>,
}

impl Logins {
    pub(super) fn known(&self, registry: &str, scope: &str) -> Option<String> {
        self.known.lock().ok()?.get(&(registry.to_owned(), scope.to_owned())).cloned()
    }

    fn keep(&self, registry: &str, scope: &str, header: &str) {
        if let Ok(mut known) = self.known.lock() {
            known.insert((registry.to_owned(), scope.to_owned()), header.to_owned());
        }
    }

    pub(super) fn forget(&self, registry: &str, scope: &str) {
        if let Ok(mut known) = self.known.lock() {
            known.remove(&(registry.to_owned(), scope.to_owned()));
        }
    }
}

/// What a registry wants to see.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    /// The `Authorization` header that answers the challenge; `None` where there is nothing to answer with.
    pub(super) async fn answer(
        &self,
        registry: &str,
        repository: &str,
        scope: &str,
        challenges: &[String],
    ) -> Result<Option<String>, Error> {
        let login = self.options.credentials.login(registry, repository);
        let wanted = challenges.iter().find_map(|text| challenge(text));
        let header = match (wanted, login) {
            (_, Some(Login::Bearer(token))) => Some(format!("Bearer {token}")),
            (Some(Challenge::Basic), Some(Login::Password { user, password })) => Some(basic(user, password)),
            (Some(Challenge::Basic) | None, _) => None,
            (Some(Challenge::Bearer { realm, service }), login) => {
                Some(format!("Bearer {}", self.token(registry, &realm, service.as_deref(), scope, login).await?))
            }
        };
        if let Some(header) = &header {
            self.logins.keep(registry, scope, header);
        }
        Ok(header)
    }

    async fn token(&self, registry: &str, realm: &str, service: Option<&str>, scope: &str, login: Option<&Login>) -> Result<String, Error> {
        let about = "its token server".to_owned();
        let fail = |problem: String| Error::Unreachable { registry: registry.to_owned(), about: about.clone(), problem };
        let mut url = reqwest::Url::parse(realm).map_err(|problem| fail(format!("{realm}: {problem}")))?;
        if url.scheme() != "https" && !self.options.plain_http.covers(registry) {
            return Err(fail(format!("{realm} has no TLS, and a password would be shown to everybody between")));
        }
        let mut fields = vec![("service", service.unwrap_or_default())];
        fields.extend(scope.split(' ').map(|scope| ("scope", scope)));
        let request = match login {
            Some(Login::Identity(token)) => {
                let scopes = scope.to_owned();
                let form =
                    [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "warpline"), ("scope", &scopes), fields[0]];
                let mut body = reqwest::Url::parse("form:").map_err(|problem| fail(problem.to_string()))?;
                body.query_pairs_mut().extend_pairs(form);
                self.http
                    .post(url)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .body(body.query().unwrap_or_default().to_owned())
            }
            login => {
                url.query_pairs_mut().extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
                let request = self.http.get(url);
                match login {
                    Some(Login::Password { user, password }) => request.header("Authorization", basic(user, password)),
                    _ => request,
                }
            }
        };
        let response = request.timeout(self.options.idle).send().await.map_err(|problem| fail(error::chain(&problem)))?;
        let status = response.status();
        let body = bounded(response, ANSWER, registry, &about, self.options.idle).await?;
        if status.is_client_error() {
            let who = self.who(registry, "");
            return Err(Error::Unauthorized { registry: registry.to_owned(), who, about, problem: words(&body, status) });
        }
        if !status.is_success() {
            return Err(fail(words(&body, status)));
        }
        let malformed = |problem: String| Error::Malformed { registry: registry.to_owned(), about: about.clone(), problem };
        let token: Token = serde_json::from_slice(&body).map_err(|problem| malformed(problem.to_string()))?;
        token.token.or(token.access_token).ok_or_else(|| malformed("it gave no token".into()))
    }

    /// Who we say we are there.
    pub(super) fn who(&self, registry: &str, repository: &str) -> String {
        match self.options.credentials.login(registry, repository) {
            Some(Login::Password { user, .. }) => format!("the user {user}"),
            Some(Login::Identity(_) | Login::Bearer(_)) => "our token".into(),
            None => "anonymous access".into(),
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn challenge(header: &str) -> Option<Challenge> {
    let challenges = http_auth::parse_challenges(header).ok()?;
    let bearer = challenges.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer")).and_then(|challenge| {
        let param =
            |name: &str| challenge.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_unescaped());
        Some(Challenge::Bearer { realm: param("realm")?, service: param("service") })
    });
    bearer.or_else(|| challenges.iter().any(|challenge| challenge.scheme.eq_ignore_ascii_case("basic")).then_some(Challenge::Basic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_in_every_form() {
        let bearer = Challenge::Bearer { realm: "https://auth.example/token".into(), service: Some("registry.example".into()) };
        let header = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull""#;
        assert_eq!(challenge(header), Some(bearer));
        assert_eq!(challenge(r#"Basic realm="a registry""#), Some(Challenge::Basic));
        assert_eq!(challenge(r#"Negotiate, basic realm="x""#), Some(Challenge::Basic));
        assert_eq!(challenge("Bearer"), None);
    }
}
