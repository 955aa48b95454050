//! What the plugin does, without anything of the host's in it: so that `zig test steady.zig`
//! runs it on any machine.

const std = @import("std");
const Allocator = std.mem.Allocator;

pub const most_frames = 100;

pub const Config = struct {
    confidence: f32 = 0.5,
    frames: u8 = 3,

    /// What is wrong with it, in a sentence.
    pub fn problem(config: Config) ?[:0]const u8 {
        if (!(config.confidence >= 0 and config.confidence <= 1))
            return "`confidence` has to be from 0 to 1";
        if (config.frames < 1 or config.frames > most_frames)
            return "`frames` has to be a whole number from 1 to 100";
        return null;
    }
};

/// What is known of one class.
const Track = struct {
    /// In how many frames in a row it was seen, up to `frames` of the configuration.
    count: u8 = 0,
    /// Whether it is in the frame that is being looked at.
    seen: bool = false,
};

/// The state as it is saved: `{"seen":[[class,count],…]}`.
const Saved = struct { seen: []const [2]u16 };

pub const Steady = struct {
    config: Config = .{},
    tracks: []Track,

    pub fn init(allocator: Allocator, classes: usize) !Steady {
        const tracks = try allocator.alloc(Track, classes);
        @memset(tracks, .{});
        return .{ .tracks = tracks };
    }

    pub fn deinit(steady: *Steady, allocator: Allocator) void {
        allocator.free(steady.tracks);
    }

    fn counts(steady: *const Steady, class: u16, confidence: f32) bool {
        return confidence >= steady.config.confidence and class < steady.tracks.len;
    }

    /// Notes a detection of the frame that is being looked at.
    pub fn see(steady: *Steady, class: u16, confidence: f32) void {
        if (steady.counts(class, confidence)) steady.tracks[class].seen = true;
    }

    /// The frame is over for `class`. Says whether the class became steady with it.
    pub fn count(steady: *Steady, class: usize) bool {
        const track = &steady.tracks[class];
        defer track.seen = false;
        if (!track.seen) {
            track.count = 0;
            return false;
        }
        if (track.count >= steady.config.frames) return false;
        track.count += 1;
        return track.count == steady.config.frames;
    }

    pub fn passes(steady: *const Steady, class: u16, confidence: f32) bool {
        return steady.counts(class, confidence) and
            steady.tracks[class].count >= steady.config.frames;
    }

    /// The caller frees it.
    pub fn save(steady: *const Steady, allocator: Allocator) ![]u8 {
        var seen: std.ArrayList([2]u16) = .empty;
        defer seen.deinit(allocator);
        for (steady.tracks, 0..) |track, class| {
            const known = @min(track.count, steady.config.frames);
            if (known > 0) try seen.append(allocator, .{ @intCast(class), known });
        }
        return std.json.Stringify.valueAlloc(allocator, Saved{ .seen = seen.items }, .{});
    }

    pub fn restore(steady: *Steady, allocator: Allocator, json: []const u8) !void {
        const saved = try std.json.parseFromSlice(Saved, allocator, json, .{});
        defer saved.deinit();
        const restored = try Steady.init(allocator, steady.tracks.len);
        errdefer allocator.free(restored.tracks);
        var next: usize = 0;
        for (saved.value.seen) |pair| {
            const class, const times = pair;
            if (class < next or class >= restored.tracks.len) return error.UnknownClass;
            if (times < 1 or times > most_frames) return error.ImpossibleCount;
            restored.tracks[class].count = @intCast(times);
            next = @as(usize, class) + 1;
        }
        allocator.free(steady.tracks);
        steady.tracks = restored.tracks;
    }
};

const testing = std.testing;

fn frame(steady: *Steady, classes: []const u16) bool {
    for (classes) |class| steady.see(class, 0.9);
    var became = false;
    for (0..steady.tracks.len) |class| {
        if (steady.count(class)) became = true;
    }
    return became;
}

test "a class passes in its third frame in a row" {
    var steady = try Steady.init(testing.allocator, 2);
    defer steady.deinit(testing.allocator);
    try testing.expect(!frame(&steady, &.{1}));
    try testing.expect(!frame(&steady, &.{1}));
    try testing.expect(!steady.passes(1, 0.9));
    try testing.expect(frame(&steady, &.{1}));
    try testing.expect(steady.passes(1, 0.9) and !steady.passes(1, 0.4));
    try testing.expect(!frame(&steady, &.{1}));
}

test "a frame without it starts it over" {
    var steady = try Steady.init(testing.allocator, 1);
    defer steady.deinit(testing.allocator);
    for ([_][]const u16{ &.{0}, &.{0}, &.{}, &.{0}, &.{0} }) |classes| {
        try testing.expect(!frame(&steady, classes));
    }
}

test "what is saved is restored, and garbage is refused" {
    var steady = try Steady.init(testing.allocator, 3);
    defer steady.deinit(testing.allocator);
    _ = frame(&steady, &.{ 0, 2 });
    _ = frame(&steady, &.{2});
    const saved = try steady.save(testing.allocator);
    defer testing.allocator.free(saved);
    try testing.expectEqualStrings("{\"seen\":[[2,2]]}", saved);
    try steady.restore(testing.allocator, "{\"seen\":[[0,1],[2,2]]}");
    try testing.expect(frame(&steady, &.{2}));
    for ([_][]const u8{ "", "{}", "{\"seen\":[[9,1]]}", "{\"seen\":[[0,0]]}", "{\"seen\":[[1,1],[1,1]]}" }) |garbage| {
        if (steady.restore(testing.allocator, garbage)) |_| {
            return error.GarbageWasAccepted;
        } else |_| {}
    }
}
