//! Lets only sure detections through.
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
    copy(&ret.summary, "Lets only sure detections through");
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
    }) catch return refuse(err, "the configuration cannot be read");
    defer parsed.deinit();
    settings = parsed.value;
    return true;
}

/// It remembers nothing from frame to frame.
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

export fn exports_filter_process(
    frames: *agave.exports_filter_list_frame_detections_t,
    ret: *agave.exports_filter_list_frame_detections_t,
    _: *agave.agave_string_t,
) bool {
    for (frames.ptr[0..frames.len]) |*frame| keepSure(&frame.detections);
    // They were ours; as the answer they are the host's.
    ret.* = frames.*;
    return true;
}

/// Moves what passes to the front, and shortens the list.
fn keepSure(detections: *agave.types_list_detection_t) void {
    var kept: usize = 0;
    for (detections.ptr[0..detections.len]) |detection| {
        if (!settings.passes(detection.confidence)) continue;
        detections.ptr[kept] = detection;
        kept += 1;
    }
    // The memory of an empty list is nobody's: who empties a list frees it.
    if (kept == 0) detections.free();
    detections.len = kept;
}
