//! Where a Temporal server is, and how to show it who we are. Plain values; what is secret is never printed.

use std::fmt;

/// How to reach a namespace of a Temporal server.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// `host:port`, `host` (the port is 7233 then), or either after `http://` or `https://`.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// TLS. Without it an address that names no scheme is spoken to in the clear, unless there is an API key: that is
    /// only sent in the clear to an address that says `http://`.
    pub tls: Option<Tls>,
    /// The API key.
    pub api_key: Option<String>,
}

/// TLS to a server. All of it absent: the system's authorities, the address's host, no certificate of ours.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// The name that the server's certificate is checked against; the address's host where absent.
    pub server_name: Option<String>,
    /// The authorities that may have signed the server's certificate, PEM; the system's where absent.
    pub ca: Option<Vec<u8>>,
    /// Our certificate (with the chain below its authority) and its key, both PEM.
    pub certificate: Option<(Vec<u8>, Vec<u8>)>,
}

impl Target {
    /// A namespace of a server that is spoken to in the clear, without credentials.
    #[must_use]
    pub fn plain(address: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { address: address.into(), namespace: namespace.into(), tls: None, api_key: None }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("address", &self.address)
            .field("namespace", &self.namespace)
            .field("tls", &self.tls)
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .finish()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("server_name", &self.server_name)
            .field("ca", &self.ca.as_ref().map(Vec::len))
            .field("certificate", &self.certificate.as_ref().map(|_| "…"))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let tls = Tls { server_name: Some("temporal".to_owned()), ca: None, certificate: Some((b"cert".to_vec(), b"key".to_vec())) };
        let target = Target { tls: Some(tls), api_key: Some("s3cret".to_owned()), ..Target::plain("here:1", "default") };
        let printed = format!("{target:?}");
        assert!(printed.contains("here:1") && !printed.contains("s3cret") && !printed.contains("107"), "{printed}");
    }
}
