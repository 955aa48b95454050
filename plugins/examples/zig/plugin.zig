//! Lets a class through once it has been seen in several frames in a row.
//!
//! This is what the host calls; what the plugin does is in steady.zig.

const std = @import("std");
const agave = @import("agave");
const Config = @import("steady.zig").Config;
const Steady = @import("steady.zig").Steady;

/// What goes to the host and comes from it is allocated and freed with this one.
const allocator = std.heap.c_allocator;

var steady: ?Steady = null;
var classes: agave.agave_list_string_t = .{};

/// Text on its way to the host, which frees it: so it is a copy.
fn copy(into: *agave.agave_string_t, text: []const u8) void {
    agave.agave_string_dup_n(into, text.ptr, text.len);
}

fn refuse(err: *agave.agave_string_t, sentence: []const u8) bool {
    copy(err, sentence);
    return false;
}

export fn exports_lifecycle_describe(ret: *agave.exports_lifecycle_description_t) void {
    copy(&ret.name, "steady");
    copy(&ret.version, "0.1.0");
    copy(&ret.summary, "Lets a class through once it has been seen in several frames in a row");
    copy(&ret.config_schema, @embedFile("config.schema.json"));
    ret.state_version = 1;
    ret.reads_state.len = 0;
}

/// Arguments are ours to free, whatever we answer.
export fn exports_lifecycle_configure(
    config: *agave.agave_string_t,
    stream: *agave.exports_lifecycle_stream_info_t,
    err: *agave.agave_string_t,
) bool {
    defer stream.free();
    defer config.free();
    const parsed = std.json.parseFromSlice(Config, allocator, config.ptr[0..config.len], .{}) catch
        return refuse(err, "the configuration is not a JSON object of `confidence` and `frames`");
    defer parsed.deinit();
    if (parsed.value.problem()) |problem| return refuse(err, problem);
    // The second time only the configuration differs, and what was counted stays.
    if (steady == null) steady = Steady.init(allocator, stream.classes.len) catch
        return refuse(err, "there is no memory left");
    steady.?.config = parsed.value;
    std.mem.swap(agave.agave_list_string_t, &classes, &stream.classes);
    return true;
}

export fn exports_lifecycle_save(ret: *agave.exports_lifecycle_snapshot_t) void {
    const saved = steady.?.save(allocator) catch @panic("there is no memory left");
    ret.version = 1;
    ret.data = .{ .ptr = saved.ptr, .len = saved.len };
}

export fn exports_lifecycle_restore(
    snapshot: *agave.exports_lifecycle_snapshot_t,
    err: *agave.agave_string_t,
) bool {
    defer snapshot.free();
    if (snapshot.version != 1) return refuse(err, "only state of version 1 is known");
    steady.?.restore(allocator, snapshot.data.ptr[0..snapshot.data.len]) catch
        return refuse(err, "the state is not what this plugin saves");
    return true;
}

export fn exports_filter_process(
    frames: *agave.exports_filter_list_frame_detections_t,
    ret: *agave.exports_filter_list_frame_detections_t,
    _: *agave.agave_string_t,
) bool {
    for (frames.ptr[0..frames.len]) |*frame| {
        count(frame.detections.ptr[0..frame.detections.len]);
        keepSteady(&frame.detections);
    }
    // They were ours; as the answer they are the host's.
    ret.* = frames.*;
    return true;
}

fn count(detections: []const agave.types_detection_t) void {
    for (detections) |detection| steady.?.see(detection.class_, detection.confidence);
    for (0..steady.?.tracks.len) |class| {
        if (steady.?.count(class)) saySteady(classes.ptr[class]);
    }
}

fn saySteady(class: agave.agave_string_t) void {
    var text: [256]u8 = undefined;
    const said = std.fmt.bufPrint(&text, "{s} is steady", .{class.ptr[0..class.len]}) catch
        "a class with a very long name is steady";
    var message: agave.agave_string_t = .{ .ptr = @constCast(said.ptr), .len = said.len };
    agave.log_write(agave.LOG_LEVEL_INFO, &message);
}

/// Moves what passes to the front, and shortens the list.
fn keepSteady(detections: *agave.types_list_detection_t) void {
    var kept: usize = 0;
    for (detections.ptr[0..detections.len]) |detection| {
        if (!steady.?.passes(detection.class_, detection.confidence)) continue;
        detections.ptr[kept] = detection;
        kept += 1;
    }
    // The memory of an empty list is nobody's: who empties a list frees it.
    if (kept == 0) detections.free();
    detections.len = kept;
}
