//! What the plugin does, without anything of the host's in it.

const std = @import("std");

/// In the order of the contract.
pub const Severity = enum(u8) { info, warning, critical };

pub const Settings = struct {
    @"at-least": Severity = .warning,

    pub fn passes(settings: Settings, severity: u8) bool {
        return severity >= @backingInt(settings.@"at-least");
    }
};

test "what is not severe enough stays behind" {
    const settings: Settings = .{ .@"at-least" = .critical };
    try std.testing.expect(!settings.passes(@backingInt(Severity.warning)));
    try std.testing.expect(settings.passes(@backingInt(Severity.critical)));
}
