//! Raises an alert when a class has been in view for some seconds.
//!
//! This is what Agave calls; what the plugin does is in logic.zig.

const std = @import("std");
const agave = @import("agave");
const logic = @import("logic.zig");

/// What goes to the host and comes from it is allocated and freed with this one.
const allocator = std.heap.c_allocator;

var settings: ?std.json.Parsed(logic.Settings) = null;
var camera: []const u8 = "";
var class: u16 = 0;
var state: logic.State = .{};
/// Where the class was seen last.
var last: agave.types_detection_t = .{};

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
    copy(&ret.summary, "Raises an alert when a class has been in view for some seconds");
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
    class = logic.indexOf(agave.agave_string_t, stream.classes.ptr[0..stream.classes.len], parsed.value.class) orelse {
        defer parsed.deinit();
        var sentence: [128]u8 = undefined;
        return refuse(err, std.fmt.bufPrint(&sentence, "there is no class '{s}'", .{parsed.value.class}) catch
            "there is no such class");
    };
    if (settings) |old| old.deinit();
    settings = parsed;
    if (camera.len > 0) allocator.free(camera);
    camera = allocator.dupe(u8, stream.camera.ptr[0..stream.camera.len]) catch "";
    return true;
}

/// What is saved. In the contract a detection is a struct of numbers.
const Saved = struct { state: logic.State, last: agave.types_detection_t };

export fn exports_lifecycle_save(ret: *agave.exports_lifecycle_snapshot_t) void {
    const saved: Saved = .{ .state = state, .last = last };
    const json = std.json.Stringify.valueAlloc(allocator, saved, .{}) catch
        @panic("there is no memory left");
    ret.version = 1;
    ret.data = .{ .ptr = json.ptr, .len = json.len };
}

export fn exports_lifecycle_restore(
    snapshot: *agave.exports_lifecycle_snapshot_t,
    err: *agave.agave_string_t,
) bool {
    defer snapshot.free();
    const json = snapshot.data.ptr[0..snapshot.data.len];
    const saved = std.json.parseFromSlice(Saved, allocator, json, .{}) catch
        return refuse(err, "the state is not what this plugin saves");
    defer saved.deinit();
    state = saved.value.state;
    last = saved.value.last;
    return true;
}

export fn exports_rule_evaluate(
    frames: *agave.exports_rule_list_frame_detections_t,
    ret: *agave.exports_rule_list_alert_t,
    err: *agave.agave_string_t,
) bool {
    defer frames.free();
    // At most one alert a frame.
    const alerts = allocator.alloc(agave.types_alert_t, frames.len) catch
        return refuse(err, "there is no memory left");
    ret.* = .{ .ptr = alerts.ptr, .len = 0 };
    for (frames.ptr[0..frames.len]) |*frame| {
        const since = state.since;
        const phase = state.step(settings.?.value, frame.at, see(frame)) orelse continue;
        alerts[ret.len] = alert(phase, since orelse frame.at, frame) catch
            return refuse(err, "there is no memory left");
        ret.len += 1;
    }
    // The memory of an empty list is nobody's, so the host does not free it.
    if (ret.len == 0) allocator.free(alerts);
    return true;
}

fn see(frame: *const agave.types_frame_detections_t) bool {
    for (frame.detections.ptr[0..frame.detections.len]) |detection| {
        if (detection.class_ == class) {
            last = detection;
            return true;
        }
    }
    return false;
}

fn alert(phase: logic.Phase, since: u64, frame: *const agave.types_frame_detections_t) !agave.types_alert_t {
    var made: agave.types_alert_t = .{
        .phase = @backingInt(phase),
        .severity = agave.TYPES_SEVERITY_WARNING,
        .at = frame.at,
        .frame = frame.frame,
        .detection = last,
        .count = 1,
    };
    const name = settings.?.value.class;
    const key = try std.fmt.allocPrint(allocator, "{s}/{s}/{d}", .{ camera, name, since });
    made.key = .{ .ptr = key.ptr, .len = key.len };
    copy(&made.kind, "{{name}}");
    copy(&made.class_, name);
    return made;
}
