//! Lets only alerts of some severity through.
//!
//! This is what Agave calls; what the plugin does is in logic.zig.

const std = @import("std");
const agave = @import("agave");
const logic = @import("logic.zig");

/// What goes to the host and comes from it is allocated and freed with this one.
const allocator = std.heap.c_allocator;

var settings: logic.Settings = .{};

/// Text on its way to the host, which frees it: so it is a copy.
fn copy(into: *agave.agave_string_t, text: []const u8) void {
    agave.agave_string_dup_n(into, text.ptr, text.len);
}

fn refuse(err: *agave.agave_string_t, sentence: []const u8) bool {
    copy(err, sentence);
    return false;
}

export fn exports_lifecycle_describe(ret: *agave.exports_lifecycle_description_t) void {
    copy(&ret.name, "{{name}}");
    copy(&ret.version, "0.1.0");
    copy(&ret.summary, "Lets only alerts of some severity through");
    copy(&ret.config_schema, @embedFile("config.schema.json"));
    ret.state_version = 1;
    ret.reads_state.len = 0;
}

/// Agave has checked the configuration against the schema. Arguments are ours to free.
export fn exports_lifecycle_configure(
    config: *agave.agave_string_t,
    stream: *agave.exports_lifecycle_stream_info_t,
    err: *agave.agave_string_t,
) bool {
    defer stream.free();
    defer config.free();
    const parsed = std.json.parseFromSlice(logic.Settings, allocator, config.ptr[0..config.len], .{
        .allocate = .alloc_always,
    }) catch return refuse(err, "`at-least` is none of info, warning and critical");
    defer parsed.deinit();
    settings = parsed.value;
    return true;
}

/// It remembers nothing from alert to alert.
export fn exports_lifecycle_save(ret: *agave.exports_lifecycle_snapshot_t) void {
    ret.version = 1;
    ret.data.len = 0;
}

export fn exports_lifecycle_restore(
    snapshot: *agave.exports_lifecycle_snapshot_t,
    _: *agave.agave_string_t,
) bool {
    snapshot.data.free();
    return true;
}

export fn exports_gate_pass(
    alerts: *agave.exports_gate_list_alert_t,
    ret: *agave.exports_gate_list_alert_t,
    _: *agave.agave_string_t,
) bool {
    var kept: usize = 0;
    for (alerts.ptr[0..alerts.len]) |*alert| {
        if (settings.passes(alert.severity)) {
            alerts.ptr[kept] = alert.*;
            kept += 1;
        } else {
            alert.free();
        }
    }
    // The memory of an empty list is nobody's: who empties a list frees it.
    if (kept == 0 and alerts.len > 0) std.c.free(alerts.ptr);
    // They were ours; as the answer they are the host's.
    ret.* = .{ .ptr = alerts.ptr, .len = kept };
    return true;
}

/// Nothing is held back, so nothing waits for its time.
export fn exports_gate_tick(
    _: agave.exports_gate_timestamp_t,
    ret: *agave.exports_gate_list_alert_t,
    _: *agave.agave_string_t,
) bool {
    ret.len = 0;
    return true;
}
