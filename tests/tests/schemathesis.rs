//! The control API against somebody else's idea of its document: schemathesis makes up requests,
//! right and wrong ones, and looks at every answer.

use std::process::Command;
use std::time::Duration;

use agave_tests::{Process, Yard, python_packages, served, skipped, token};
use anyhow::{Context, Result, ensure};

const START_LIMIT: Duration = Duration::from_secs(60);
/// Thousands of requests.
const RUN_LIMIT: Duration = Duration::from_secs(600);
/// So many requests of its own for each operation.
const EXAMPLES: &str = "360";
const FEWEST_CASES: u64 = 10_000;
/// What there is in a yard, so that answers are more than that there is no such thing.
const SETTINGS: &str = "[parameters]
flow = \"yard\"
camera = \"field\"
node = \"zoned\"
zone = \"forbidden\"
rule = \"rule\"
version = 1

# What the document forbids is refused; an edit may be refused for its tag before its body is read.
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 415, 422, 428, 429]

# What the document allows is understood: it fails for what there is in the flow, and never as a
# request that makes no sense. Sockets want an upgrade.
[checks.positive_data_acceptance]
expected-statuses = [\"2xx\", 401, 404, 409, 412, 422, 426, 429]

[checks.missing_required_header]
expected-statuses = [400, 428]
";
/// No failure of the server, no answer that is not in the document, in form or in content; no
/// other method; nothing without a login; what the document allows is understood, and what it
/// forbids is refused.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth,\
    positive_data_acceptance,negative_data_rejection,missing_required_header,\
    allow_header_conformance,use_after_free,ensure_resource_availability";

#[test]
fn every_answer_is_in_the_document() -> Result<()> {
    let Some(python) = python_packages("schemathesis", &["schemathesis==4.32.5"])? else {
        skipped("schemathesis");
        return Ok(());
    };
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let token = token(&running, "tester", "admin")?;

    let settings = yard.at("schemathesis.toml");
    yard.write("schemathesis.toml", SETTINGS)?;
    let mut command = Command::new(python.with_file_name("schemathesis"));
    command
        .arg("--config-file")
        .arg(settings)
        .arg("run")
        .arg(format!("{}/api/openapi.json", api.origin()))
        .args(["--checks", CHECKS, "--max-examples", EXAMPLES])
        // Otherwise it finds its own token, and takes it away.
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--workers", "1", "--no-color"])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .current_dir(yard.folder());
    let tested = Process::start("schemathesis", &mut command)?.finish(RUN_LIMIT)?;
    ensure!(
        tested.status.success(),
        "{}{}",
        tested.stdout,
        tested.stderr
    );
    let cases = tested
        .stdout
        .lines()
        .find(|line| line.contains(" generated, "));
    let cases = cases.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let cases = cases.with_context(|| tested.stdout.clone())?;
    ensure!(
        cases >= FEWEST_CASES,
        "only {cases} cases: {}",
        tested.stdout
    );
    // An admin may do everything, such as give the camera another address. It goes on, and with the
    // flow that it had when that is put back.
    yard.save("yard.yaml", yard.flow("yard"))?;
    running.wait_until_live("yard", START_LIMIT)?;
    running.signal(agave_tests::Signal::TERM)?;
    running.finish(START_LIMIT)?;
    Ok(())
}
