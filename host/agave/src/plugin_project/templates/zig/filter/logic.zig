//! What the plugin does, without anything of the host's in it.

const std = @import("std");

pub const Settings = struct {
    confidence: f32 = 0.5,

    pub fn passes(settings: Settings, confidence: f32) bool {
        return confidence >= settings.confidence;
    }
};

test "only sure detections pass" {
    const settings: Settings = .{ .confidence = 0.6 };
    try std.testing.expect(settings.passes(0.9));
    try std.testing.expect(!settings.passes(0.4));
}
