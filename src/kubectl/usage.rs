//! The resources that the pods of an object use, as the metrics API of the cluster tells
//! them, where it has one.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::timeout;

use super::managed::ManagedObject;
use crate::supervisor::{Usage, UsageMeter};

#[derive(Deserialize)]
struct PodMetricsList {
    items: Vec<PodMetrics>,
}

#[derive(Deserialize)]
struct PodMetrics {
    metadata: PodMetricsName,
    containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize)]
struct PodMetricsName {
    name: String,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    usage: MetricQuantities,
}

#[derive(Deserialize)]
struct MetricQuantities {
    #[serde(default)]
    cpu: Option<String>,
    #[serde(default)]
    memory: Option<String>,
}

#[async_trait::async_trait]
impl UsageMeter for ManagedObject {
    async fn usage(&self, limit: Duration) -> Option<Usage> {
        let measured = async {
            let look = self.see_anew().await.ok()?;
            let pods = look.found.pods.iter().filter(|pod| pod.is_running());
            let pods: Vec<&str> = pods.map(super::pod::ClusterPod::name).collect();
            let namespace = &self.spec().place.namespace;
            let path = format!("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods");
            let said = self.engine().ask(["get", "--raw", &path]).await.ok()?;
            usage_of_pods(&said, &pods)
        };
        timeout(limit, measured).await.ok()?
    }
}

/// Sums up what some pods use; `None` unless all of them are told of.
pub(super) fn usage_of_pods(said: &[u8], pods: &[&str]) -> Option<Usage> {
    let list: PodMetricsList = serde_json::from_slice(said).ok()?;
    let of_pod = |pod: &&str| {
        let metrics = list.items.iter().find(|one| one.metadata.name == *pod)?;
        metrics.containers.iter().map(of_container).reduce(Usage::and)
    };
    let all: Option<Vec<Usage>> = pods.iter().map(of_pod).collect();
    all?.into_iter().reduce(Usage::and)
}

fn of_container(one: &ContainerMetrics) -> Usage {
    let cores = one.usage.cpu.as_deref().and_then(quantity);
    let memory = one.usage.memory.as_deref().and_then(quantity);
    Usage {
        cpu_percent: cores.map(|cores| (cores * 1000.0).round() / 10.0),
        memory_bytes: memory.map(|bytes| bytes as u64),
        ..Usage::default()
    }
}

/// Parses a quantity of Kubernetes, such as `250m`, `12345n` or `64Mi`.
fn quantity(text: &str) -> Option<f64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &[u8] = br#"{"kind":"PodMetricsList","items":[
        {"metadata":{"name":"a"},"containers":[
            {"name":"x","usage":{"cpu":"250m","memory":"1Mi"}},
            {"name":"y","usage":{"cpu":"2500000n","memory":"1Ki"}}]},
        {"metadata":{"name":"b"},"containers":[{"name":"x","usage":{"cpu":"1","memory":"5"}}]},
        {"metadata":{"name":"c"},"containers":[{"name":"x","usage":{"cpu":"1z"}}]}]}"#;

    #[test]
    fn metrics_of_pods() {
        let of = |pods: &[&str]| usage_of_pods(SAID, pods).map(|usage| (usage.cpu_percent, usage.memory_bytes));
        assert_eq!(of(&["a"]), Some((Some(25.3), Some(1_049_600))));
        assert_eq!(of(&["a", "b"]), Some((Some(125.3), Some(1_049_605))));
        assert_eq!(of(&["c"]), Some((None, None)));
        assert_eq!(of(&["a", "gone"]), None, "a part is no answer");
        assert_eq!(of(&[]), None);
        assert_eq!(usage_of_pods(b"{}", &["a"]), None);
    }
}
