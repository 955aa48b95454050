//! What the plugin does, without anything of the host's in it.

const std = @import("std");

pub const Settings = struct {
    class: []const u8,
    seconds: f64 = 2,
};

/// In the order of the contract.
pub const Phase = enum(u8) { begin, update, end };

/// What has to survive a restart.
pub const State = struct {
    /// When the class came into view.
    since: ?u64 = null,
    /// Whether its incident has been announced.
    begun: bool = false,

    /// What there is to announce of a frame.
    pub fn step(state: *State, settings: Settings, at: u64, seen: bool) ?Phase {
        if (!seen) {
            const ended = state.begun;
            state.* = .{};
            return if (ended) .end else null;
        }
        const since = state.since orelse at;
        state.since = since;
        const seconds = @as(f64, @floatFromInt(at -| since)) / std.time.ns_per_s;
        if (state.begun or seconds < settings.seconds) return null;
        state.begun = true;
        return .begin;
    }
};

/// Where `name` is in a list of the contract's strings.
pub fn indexOf(String: type, list: []const String, name: []const u8) ?u16 {
    for (list, 0..) |text, index| {
        if (std.mem.eql(u8, text.ptr[0..text.len], name)) return @intCast(index);
    }
    return null;
}

test "an incident begins and ends" {
    const settings: Settings = .{ .class = "person" };
    var state: State = .{};
    const second = std.time.ns_per_s;
    try std.testing.expectEqual(null, state.step(settings, 0, true));
    try std.testing.expectEqual(.begin, state.step(settings, 2 * second, true));
    try std.testing.expectEqual(null, state.step(settings, 3 * second, true));
    try std.testing.expectEqual(.end, state.step(settings, 4 * second, false));
    try std.testing.expectEqual(null, state.step(settings, 5 * second, false));
}
