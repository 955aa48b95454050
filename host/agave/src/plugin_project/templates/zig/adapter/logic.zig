//! What the plugin does, without anything of the host's in it.

const std = @import("std");

pub const Settings = struct {
    url: []const u8,

    pub fn isAddress(settings: Settings) bool {
        return std.mem.startsWith(u8, settings.url, "http://") or
            std.mem.startsWith(u8, settings.url, "https://");
    }
};

/// In the order of the contract.
pub const phases = [_][]const u8{ "begin", "update", "end" };
pub const severities = [_][]const u8{ "info", "warning", "critical" };

/// What is posted.
pub const Body = struct {
    camera_id: []const u8,
    key: []const u8,
    kind: []const u8,
    phase: []const u8,
    severity: []const u8,
    class: []const u8,
    confidence: f32,
    zone: ?[]const u8,
    media_time: f64,
};

pub const After = enum { delivered, retry, rejected };

/// What becomes of an alert that a receiver answered.
pub fn afterStatus(status: u16) After {
    if (status >= 200 and status < 300) return .delivered;
    return if (status == 429 or status >= 500) .retry else .rejected;
}

test "a busy receiver gets it later" {
    try std.testing.expectEqual(.delivered, afterStatus(204));
    try std.testing.expectEqual(.retry, afterStatus(503));
    try std.testing.expectEqual(.retry, afterStatus(429));
    try std.testing.expectEqual(.rejected, afterStatus(404));
}

test "an address begins as one" {
    try std.testing.expect((Settings{ .url = "https://example.org" }).isAddress());
    try std.testing.expect(!(Settings{ .url = "somewhere" }).isAddress());
}
