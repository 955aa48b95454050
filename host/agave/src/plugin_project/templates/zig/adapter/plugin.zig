//! Posts each alert as JSON to a web address.
//!
//! This is what Agave calls; what the plugin does is in logic.zig.

const std = @import("std");
const agave = @import("agave");
const logic = @import("logic.zig");

/// What goes to the host and comes from it is allocated and freed with this one.
const allocator = std.heap.c_allocator;

var settings: ?std.json.Parsed(logic.Settings) = null;

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
    copy(&ret.summary, "Posts each alert as JSON to a web address");
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
    if (!parsed.value.isAddress()) {
        parsed.deinit();
        return refuse(err, "`url` has to begin with http:// or https://");
    }
    if (settings) |old| old.deinit();
    settings = parsed;
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

export fn exports_adapter_deliver(
    deliveries: *agave.exports_adapter_list_delivery_t,
    ret: *agave.exports_adapter_list_outcome_t,
) void {
    defer deliveries.free();
    const outcomes = allocator.alloc(agave.exports_adapter_outcome_t, deliveries.len) catch
        @panic("there is no memory left");
    for (deliveries.ptr[0..deliveries.len], outcomes) |*delivery, *outcome| {
        outcome.* = post(delivery) catch retry();
    }
    ret.* = .{ .ptr = outcomes.ptr, .len = outcomes.len };
}

fn bytes(text: agave.agave_string_t) []const u8 {
    return text.ptr[0..text.len];
}

/// Text for the length of a call to the host, which stays ours.
fn borrowed(text: []const u8) agave.agave_string_t {
    return .{ .ptr = @constCast(text.ptr), .len = text.len };
}

fn bodyOf(delivery: *const agave.exports_adapter_delivery_t) ![]u8 {
    const alert = &delivery.alert;
    const body: logic.Body = .{
        .camera_id = bytes(delivery.camera),
        .key = bytes(alert.key),
        .kind = bytes(alert.kind),
        .phase = logic.phases[alert.phase],
        .severity = logic.severities[alert.severity],
        .class = bytes(alert.class_),
        .confidence = alert.detection.confidence,
        .zone = if (alert.zone.is_some) bytes(alert.zone.val) else null,
        .media_time = @as(f64, @floatFromInt(delivery.media_time)) / std.time.ns_per_s,
    };
    return std.json.Stringify.valueAlloc(allocator, body, .{});
}

fn post(delivery: *const agave.exports_adapter_delivery_t) !agave.exports_adapter_outcome_t {
    const body = try bodyOf(delivery);
    defer allocator.free(body);
    var headers = [_]agave.agave_tuple2_string_string_t{
        .{ .f0 = borrowed("content-type"), .f1 = borrowed("application/json") },
        .{ .f0 = borrowed("idempotency-key"), .f1 = delivery.idempotency_key },
    };
    var request: agave.http_request_t = .{
        .method = agave.HTTP_METHOD_POST,
        .url = borrowed(settings.?.value.url),
        .headers = .{ .ptr = &headers, .len = headers.len },
        .body = .{ .ptr = body.ptr, .len = body.len },
        .timeout_ms = 10_000,
    };
    var none: agave.http_authentication_t = .{ .tag = agave.HTTP_AUTHENTICATION_NONE };
    var response: agave.http_response_t = .{};
    var problem: agave.http_error_t = .{};
    if (agave.http_send(&request, &none, &response, &problem)) {
        defer response.free();
        return switch (logic.afterStatus(response.status)) {
            .delivered => .{ .tag = agave.EXPORTS_ADAPTER_OUTCOME_DELIVERED },
            .retry => retry(),
            .rejected => rejected("the receiver answered {d}", .{response.status}),
        };
    }
    defer problem.free();
    return switch (problem.tag) {
        agave.HTTP_ERROR_NOT_ALLOWED => rejected("{s}", .{bytes(problem.val.not_allowed)}),
        agave.HTTP_ERROR_TOO_LARGE => rejected("the answer is too large", .{}),
        else => retry(),
    };
}

fn retry() agave.exports_adapter_outcome_t {
    return .{
        .tag = agave.EXPORTS_ADAPTER_OUTCOME_RETRY,
        .val = .{ .retry = .{ .is_some = false } },
    };
}

fn rejected(comptime format: []const u8, values: anytype) !agave.exports_adapter_outcome_t {
    const reason = try std.fmt.allocPrint(allocator, format, values);
    return .{
        .tag = agave.EXPORTS_ADAPTER_OUTCOME_REJECTED,
        .val = .{ .rejected = .{ .ptr = reason.ptr, .len = reason.len } },
    };
}
