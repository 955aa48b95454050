//! A test alert for an adapter, and what to say of it.

use super::Keeper;
use crate::control::{NotTested, TestAlertView, TestOutcome};
use crate::topology::{TestOutcome as Outcome, Tested};

impl Keeper {
    pub(super) fn send_test_alert(&self, adapter: &str) -> Result<TestAlertView, NotTested> {
        let Some(tested) = self.live.test_adapter(adapter) else {
            let flow = self.live.flow();
            let is_node = flow.nodes.iter().any(|node| node.name == adapter);
            let adapter = adapter.to_owned();
            return Err(match is_node {
                true => NotTested::NoReceiver(adapter),
                false => NotTested::NoNode(adapter),
            });
        };
        let tested = tested.map_err(|no_test| NotTested::NotNow(no_test.to_string()))?;
        Ok(shown(tested))
    }
}

fn shown(tested: Tested) -> TestAlertView {
    let (outcome, said) = match tested.outcome {
        Outcome::Delivered => (TestOutcome::Delivered, None),
        Outcome::Rejected(said) => (TestOutcome::Refused, Some(said)),
        Outcome::NotNow(said) => (TestOutcome::NotNow, Some(said)),
        Outcome::Unheard(said) => (TestOutcome::Unheard, Some(said)),
        Outcome::Failed(said) => (TestOutcome::Failed, Some(said)),
    };
    TestAlertView {
        outcome,
        said,
        camera: tested.camera,
        took_ms: tested.took.as_secs_f64() * 1000.0,
    }
}
