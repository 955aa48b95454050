//! The tests in a flow file: their names are looked up and their times read. A test that could
//! not be run is found with everything else that is wrong.

use std::time::Duration;

use agave_core::BoundingBox;

use super::graph::Graph;
use super::models::as_f32;
use super::nodes::Kind;
use super::{Context, Lookup, quantity};
use crate::spec::{ExpectedSpec, GivenSpec, InputsSpec, TestSpec};
use crate::{
    CameraIndex, Code, ExpectedAlert, Given, GivenDetection, NodeIndex, TestCase, TestInputs,
};
use crate::{suggest, tree};

pub(super) fn resolve(cx: &mut Context<'_, '_>, graph: &Graph) -> Option<Vec<TestCase>> {
    let tests = &cx.spec().tests;
    let resolved: Vec<Option<TestCase>> = tests
        .iter()
        .enumerate()
        .map(|(index, test)| one(cx, graph, &tree::join("/tests", &index.to_string()), test))
        .collect();
    resolved.into_iter().collect()
}

fn one(
    cx: &mut Context<'_, '_>,
    graph: &Graph,
    pointer: &str,
    test: &TestSpec,
) -> Option<TestCase> {
    let at = tree::join(pointer, "camera");
    let camera = cx.look_up("cameras", &test.camera, &at, "the test plays to the camera");
    let given = inputs(cx, &tree::join(pointer, "given"), test);
    let mut expect = Vec::new();
    let mut good = true;
    for (node, alerts) in &test.expect.0 {
        let at = tree::join(&tree::join(pointer, "expect"), node);
        let index = expected_node(cx, graph, &at, node);
        let alerts: Vec<Option<ExpectedAlert>> = alerts
            .iter()
            .enumerate()
            .map(|(index, alert)| {
                expected(
                    cx,
                    &tree::join(&at, &index.to_string()),
                    &test.camera,
                    alert,
                )
            })
            .collect();
        match (index, alerts.into_iter().collect()) {
            (Some(index), Some(alerts)) => expect.push((index, alerts)),
            _ => good = false,
        }
    }
    let Lookup::Found(camera) = camera else {
        return None;
    };
    let given = given?;
    good.then(|| TestCase {
        name: test.name.clone(),
        camera: CameraIndex(camera),
        given,
        expect,
    })
}

fn inputs(cx: &mut Context<'_, '_>, pointer: &str, test: &TestSpec) -> Option<TestInputs> {
    match &test.given {
        InputsSpec::Seen(seen) => {
            let given: Vec<Option<Given>> = seen
                .iter()
                .enumerate()
                .map(|(index, one)| given(cx, &tree::join(pointer, &index.to_string()), one))
                .collect();
            given
                .into_iter()
                .collect::<Option<_>>()
                .map(TestInputs::Seen)
        }
        InputsSpec::Recorded(spec) => {
            let file = cx.text.folder().join(&spec.recording);
            if !cx.surroundings.file_exists(&file) {
                let at = tree::join(pointer, "recording");
                let message = format!(
                    "test '{}': there is no file `{}`",
                    test.name,
                    file.display()
                );
                let help = "`agave record` makes recordings; the path is relative to the folder \
                            of the flow file";
                cx.problem(Code::FileNotFound, &at, message, Some(help.to_owned()));
                return None;
            }
            Some(TestInputs::Recorded {
                file,
                camera: spec.camera.as_ref().unwrap_or(&test.camera).clone(),
            })
        }
    }
}

fn given(cx: &mut Context<'_, '_>, pointer: &str, given: &GivenSpec) -> Option<Given> {
    let at = quantity::duration(cx, &tree::join(pointer, "at"), &given.at);
    let lasts = match &given.r#for {
        Some(text) => quantity::duration(cx, &tree::join(pointer, "for"), text),
        None => Some(Duration::ZERO),
    };
    let detections = given.detections.iter().map(|detection| {
        let [left, top, width, height] = detection.bbox.map(as_f32);
        GivenDetection {
            class: detection.class.clone(),
            bbox: BoundingBox {
                left,
                top,
                width,
                height,
            },
            confidence: as_f32(detection.confidence),
        }
    });
    Some(Given {
        at: at?,
        lasts: lasts?,
        detections: detections.collect(),
    })
}

fn expected_node(
    cx: &mut Context<'_, '_>,
    graph: &Graph,
    at: &str,
    node: &str,
) -> Option<NodeIndex> {
    let names = cx.names("nodes");
    let Some(index) = names.iter().position(|one| *one == node) else {
        if !cx.is_cut("nodes") {
            let message = format!("the test expects alerts of node '{node}', which is not defined");
            let help = suggest::instead_of(node, "nodes", &names);
            cx.problem_with_key(Code::NotDefined, at, message, Some(help));
        }
        return None;
    };
    match graph.kinds.get(index).copied().flatten() {
        Some(kind @ (Kind::Infer | Kind::Store)) => not_of_alerts(cx, at, node, kind),
        Some(kind @ Kind::Plugin(role)) if !gives_alerts(role) => not_of_alerts(cx, at, node, kind),
        _ => graph.order.get(index).copied(),
    }
}

fn gives_alerts(role: agave_core::Role) -> bool {
    matches!(role, agave_core::Role::Rule | agave_core::Role::Gate)
}

fn not_of_alerts(cx: &mut Context<'_, '_>, at: &str, node: &str, kind: Kind) -> Option<NodeIndex> {
    let message = format!(
        "the test expects alerts of node '{node}', which is {} and gives none",
        kind.with_article()
    );
    let help = "alerts come from rules and gates".to_owned();
    cx.problem_with_key(Code::WrongEdge, at, message, Some(help));
    None
}

fn expected(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    camera: &str,
    alert: &ExpectedSpec,
) -> Option<ExpectedAlert> {
    let at = match &alert.at {
        Some(text) => Some(quantity::duration(cx, &tree::join(pointer, "at"), text)?),
        None => None,
    };
    if let Some(zone) = &alert.zone {
        let camera_at = tree::join("/cameras", camera);
        let zones_at = tree::join(&camera_at, "zones");
        let zones = cx.written().keys(&zones_at);
        let is_known = cx.tree().at(&camera_at).is_some() && !cx.conforming.is_damaged(&zones_at);
        if is_known && !zones.contains(&zone.as_str()) {
            let message = format!(
                "the test expects an alert in the zone '{zone}', which camera '{camera}' does not have"
            );
            let help = suggest::instead_of(zone, "zones", &zones);
            cx.problem(
                Code::NotDefined,
                &tree::join(pointer, "zone"),
                message,
                Some(help),
            );
            return None;
        }
    }
    Some(ExpectedAlert {
        kind: alert.kind.clone(),
        phase: alert.phase,
        class: alert.class.clone(),
        zone: alert.zone.clone(),
        at,
    })
}
