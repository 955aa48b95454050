//! What one instance of a plugin may use up: what the node says, and good values for the rest.

use std::time::Duration;

use agave_core::Role;

use super::{Context, quantity};
use crate::spec::LimitsSpec;
use crate::{Code, Limits, tree};

const DEADLINE: Duration = Duration::from_millis(50);
const ADAPTER_DEADLINE: Duration = Duration::from_secs(30);
const MEMORY_BYTES: u64 = 32 << 20;
/// A WebAssembly memory ends at 4 GiB; an instance that needs this much is no small plugin.
const MOST_MEMORY_BYTES: u64 = 1 << 30;
const OUTPUT_BYTES: u64 = 4 << 20;
const MOST_OUTPUT_BYTES: u64 = 64 << 20;
const HTTP_BODY_BYTES: u64 = 1 << 20;
const MOST_HTTP_BODY_BYTES: u64 = 64 << 20;
const LOG_LINES_PER_SECOND: u32 = 50;

/// The limits of a node whose plugin plays `role`. `pointer` is that of its `limits`.
pub(super) fn resolve(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    role: Option<Role>,
    spec: Option<&LimitsSpec>,
) -> Option<Limits> {
    let unsaid = LimitsSpec::default();
    let spec = spec.unwrap_or(&unsaid);
    let deadline = match &spec.deadline {
        Some(text) => quantity::positive_duration(cx, &tree::join(pointer, "deadline"), text),
        None if role == Some(Role::Adapter) => Some(ADAPTER_DEADLINE),
        None => Some(DEADLINE),
    };
    let mut size = |key: &str, text: &Option<String>, default: u64, most: u64| match text {
        Some(text) => quantity::size(cx, &tree::join(pointer, key), text, most),
        None => Some(default),
    };
    let memory_bytes = size("memory", &spec.memory, MEMORY_BYTES, MOST_MEMORY_BYTES);
    let output_bytes = size("output", &spec.output, OUTPUT_BYTES, MOST_OUTPUT_BYTES);
    let http_body_bytes = size(
        "http-body",
        &spec.http_body,
        HTTP_BODY_BYTES,
        MOST_HTTP_BODY_BYTES,
    );
    // What was wrong with the memory has been said.
    let three_quarters = memory_bytes.unwrap_or(MEMORY_BYTES) / 4 * 3;
    let recycle_bytes = size("recycle", &spec.recycle, three_quarters, MOST_MEMORY_BYTES);
    if let (Some(memory), Some(recycle), Some(_)) = (memory_bytes, recycle_bytes, &spec.recycle)
        && recycle >= memory
    {
        let message = "`recycle` must be less than `memory`, or it is never reached".to_owned();
        let help = "leave it out for three quarters of `memory`".to_owned();
        cx.problem(
            Code::BadSize,
            &tree::join(pointer, "recycle"),
            message,
            Some(help),
        );
        return None;
    }
    Some(Limits {
        deadline: deadline?,
        memory_bytes: memory_bytes?,
        recycle_bytes: recycle_bytes?,
        output_bytes: output_bytes?,
        http_body_bytes: http_body_bytes?,
        log_lines_per_second: spec.log_lines.unwrap_or(LOG_LINES_PER_SECOND),
    })
}
