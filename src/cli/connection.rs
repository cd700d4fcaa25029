//! Where a Temporal server is and how we show it who we are, as options of the command line.

use super::Stop;
use crate::temporal::{Client, Target, Tls};
use clap::Args;
use std::path::{Path, PathBuf};

/// A namespace of a Temporal server.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// Where the Temporal server is: host:port, or an URL.
    #[arg(long, value_name = "HOST:PORT", env = "WARPLINE_TEMPORAL_ADDRESS", default_value = "127.0.0.1:7233")]
    temporal_address: String,
    /// The Temporal namespace.
    #[arg(long, value_name = "NAMESPACE", env = "WARPLINE_TEMPORAL_NAMESPACE", default_value = "default")]
    namespace: String,
    /// Use TLS, with the system's authorities where none are given.
    #[arg(long)]
    tls: bool,
    /// The authorities that may have signed the server's certificate, PEM; implies TLS.
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// Our certificate, PEM; implies TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of our certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The name that the server's certificate is checked against; implies TLS.
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,
    /// A file that holds the API key.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

impl Connection {
    /// Connects.
    pub(super) async fn client(&self) -> Result<Client, Stop> {
        let client = Client::connect_with(&self.target()?).await.map_err(Stop::machine)?;
        client.check_namespace().await.map_err(Stop::machine)?;
        Ok(client)
    }

    fn target(&self) -> Result<Target, Stop> {
        let files = [&self.tls_ca, &self.tls_cert, &self.tls_key];
        let tls = self.tls || self.tls_server_name.is_some() || files.iter().any(|file| file.is_some());
        let [ca, certificate, key] = files;
        let read = |file: &Option<PathBuf>| file.as_deref().map(read_file).transpose();
        let tls = tls.then(|| {
            Ok::<_, Stop>(Tls { server_name: self.tls_server_name.clone(), ca: read(ca)?, certificate: read(certificate)?.zip(read(key)?) })
        });
        let api_key = self.api_key_file.as_deref().map(|file| {
            let key = String::from_utf8(read_file(file)?).map_err(|_| Stop::Usage(format!("{} holds no text", file.display())))?;
            Ok::<_, Stop>(key.trim_end_matches(['\r', '\n']).to_owned())
        });
        Ok(Target {
            address: self.temporal_address.clone(),
            namespace: self.namespace.clone(),
            tls: tls.transpose()?,
            api_key: api_key.transpose()?,
        })
    }
}

fn read_file(file: &Path) -> Result<Vec<u8>, Stop> {
    std::fs::read(file).map_err(|error| Stop::Usage(format!("cannot read {}: {error}", file.display())))
}
