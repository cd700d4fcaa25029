//! Traces of the operator, as a collector of OpenTelemetry gets them.

use crate::ground::{INSTALLATION, Namespace, cluster, eventually, saying};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::RwLockWriteGuard;
use tonic::{Request, Response, Status};

/// A collector that remembers.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Span)>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.0.lock().unwrap();
        for spans in request.into_inner().resource_spans {
            let attributes = spans.resource.map(|resource| resource.attributes).unwrap_or_default();
            let service =
                attributes.iter().find(|attribute| attribute.key == "service.name").map(|attribute| format!("{:?}", attribute.value));
            let service = service.unwrap_or_default();
            kept.extend(spans.scope_spans.into_iter().flat_map(|spans| spans.spans).map(|span| (service.clone(), span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    fn spans(&self) -> Vec<(String, Span)> {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_reconciliation_is_a_trace_of_what_it_did() {
    let alone = INSTALLATION.write().await;
    let cluster = cluster();
    let listener = std::net::TcpListener::bind((cluster.get("HOST_ADDRESS"), 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let collector = Collector::default();
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(collector.clone())).serve(address);
    let server = tokio::spawn(server);
    cluster.install(&[&format!("traces.endpoint=http://{address}")]);
    let namespace = Namespace::under("traces", RwLockWriteGuard::downgrade(alone)).await;
    namespace.apply(&[saying(&namespace, "said", "hello")]);
    namespace.live("said").await;
    let describe = || {
        let names = collector.spans().into_iter().map(|(_, span)| (span.name, 1)).collect::<HashMap<_, _>>();
        format!("{names:?}")
    };
    // What a rollout is made of: each of these below a reconciliation of this namespace.
    for part in ["compile", "type-check", "temporal DescribeWorkerDeployment", "temporal SetWorkerDeploymentCurrentVersion", "patch_status"]
    {
        eventually(part, || is_below_a_reconciliation(&collector.spans(), part, &namespace.name).then_some(()), describe).await;
    }
    assert!(collector.spans().iter().all(|(service, _)| service.contains("warpline-operator")));
    drop(namespace);
    let alone = INSTALLATION.write().await;
    cluster.install(&[]);
    drop(alone);
    server.abort();
}

/// Whether there is a span of that name which some reconciliation of an object of the namespace led to.
fn is_below_a_reconciliation(spans: &[(String, Span)], name: &str, namespace: &str) -> bool {
    let by_id: HashMap<_, _> = spans.iter().map(|(_, span)| (span.span_id.clone(), span)).collect();
    spans.iter().filter(|(_, span)| span.name == name).any(|(_, span)| {
        let mut above = span;
        while let Some(parent) = by_id.get(&above.parent_span_id) {
            above = parent;
        }
        above.name == "reconcile" && above.attributes.iter().any(|attribute| format!("{:?}", attribute.value).contains(namespace))
    })
}
