// Lets a class through once it has been seen in several frames in a row.
#include "agave.hpp"
#include "json.h"

#include <algorithm>
#include <string>
#include <vector>

using agave::plugin::types::Detection;
using agave::plugin::types::FrameDetections;
using agave::plugin::types::StreamInfo;
using Refused = std::unexpected<wit::string>;

namespace {

constexpr int most_frames = 100;

struct Config {
    float confidence = 0.5;
    int frames = 3;
};

// What is known of one class.
struct Track {
    // In how many frames in a row it was seen, up to `frames` of the configuration.
    int count = 0;
    // Whether it is in the frame that is being looked at.
    bool seen = false;
};

Config config;
std::vector<std::string> classes;
// One for each of `classes`.
std::vector<Track> tracks;

wit::string text(std::string_view view) { return wit::string::from_view(view); }

Refused refuse(std::string_view sentence) { return Refused(text(sentence)); }

std::expected<Config, wit::string> read_config(const wit::string &given) {
    double confidence = 0.5, frames = 3;
    char name[32];
    json_reader json = json_open(given.data(), given.size());
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (std::string_view(name) == "confidence") {
            json_number(&json, &confidence);
        } else if (std::string_view(name) == "frames") {
            json_number(&json, &frames);
        } else {
            return refuse("the only settings are `confidence` and `frames`");
        }
    }
    if (!json_end(&json)) {
        return refuse("the configuration is not a JSON object of numbers");
    }
    if (!(confidence >= 0 && confidence <= 1)) {
        return refuse("`confidence` has to be from 0 to 1");
    }
    if (!(frames >= 1 && frames <= most_frames) || frames != static_cast<int>(frames)) {
        return refuse("`frames` has to be a whole number from 1 to 100");
    }
    return Config{static_cast<float>(confidence), static_cast<int>(frames)};
}

bool counts(const Detection &detection) {
    return detection.confidence >= config.confidence && detection.class_ < tracks.size();
}

// Counts for each class how often in a row it was seen.
void count(const FrameDetections &frame) {
    for (const Detection &detection : frame.detections.get_const_view()) {
        if (counts(detection)) {
            tracks[detection.class_].seen = true;
        }
    }
    for (size_t index = 0; index < tracks.size(); index++) {
        Track &track = tracks[index];
        if (!track.seen) {
            track.count = 0;
        } else if (track.count < config.frames && ++track.count == config.frames) {
            using namespace agave::plugin::log;
            Write(Level::kInfo, classes[index] + " is steady");
        }
        track.seen = false;
    }
}

FrameDetections steady(const FrameDetections &frame) {
    std::vector<Detection> kept;
    for (const Detection &detection : frame.detections.get_const_view()) {
        if (counts(detection) && tracks[detection.class_].count >= config.frames) {
            kept.push_back(detection);
        }
    }
    return {frame.frame, frame.at, wit::vector<Detection>::from_view(std::span(kept))};
}

// Reads `[class,count]`, with a class above `last`.
bool read_pair(json_reader &json, double &last, std::vector<Track> &into) {
    double index = -1, count = 0;
    bool pair = json_array(&json) && json_element(&json) && json_number(&json, &index) &&
                json_element(&json) && json_number(&json, &count) && !json_element(&json);
    if (!pair || index <= last || index >= into.size() || count < 1 || count > most_frames ||
        index != static_cast<int>(index) || count != static_cast<int>(count)) {
        return json_fail(&json);
    }
    into[static_cast<size_t>(index)].count = static_cast<int>(count);
    last = index;
    return true;
}

bool read_state(std::string_view data, std::vector<Track> &into) {
    char name[8];
    double last = -1;
    json_reader json = json_open(data.data(), data.size());
    bool seen = json_object(&json) && json_member(&json, name, sizeof name) &&
                std::string_view(name) == "seen" && json_array(&json);
    while (seen && json_element(&json)) {
        read_pair(json, last, into);
    }
    return seen && !json_member(&json, name, sizeof name) && json_end(&json);
}

} // namespace

namespace exports::agave::plugin {

lifecycle::Description lifecycle::Describe() {
    return {
        .name = text("steady"),
        .version = text("0.1.0"),
        .summary = text("Lets a class through once it has been seen in several frames in a row"),
        .config_schema = text(R"({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "confidence": {
                    "type": "number", "minimum": 0, "maximum": 1, "default": 0.5,
                    "description": "How sure the model has to be of a detection for it to count"
                },
                "frames": {
                    "type": "integer", "minimum": 1, "maximum": 100, "default": 3,
                    "description": "In how many frames in a row a class has to be seen"
                }
            }
        })"),
        .state_version = 1,
        .reads_state = {},
    };
}

std::expected<void, wit::string> lifecycle::Configure(wit::string given, StreamInfo stream) {
    auto accepted = read_config(given);
    if (!accepted) {
        return Refused(std::move(accepted.error()));
    }
    config = *accepted;
    classes.clear();
    for (const wit::string &name : stream.classes.get_view()) {
        classes.push_back(name.to_string());
    }
    // The second time only the configuration differs, and what was counted stays.
    tracks.resize(classes.size());
    return {};
}

lifecycle::Snapshot lifecycle::Save() {
    std::string json;
    for (size_t index = 0; index < tracks.size(); index++) {
        int count = std::min(tracks[index].count, config.frames);
        if (count > 0) {
            json += json.empty() ? "[" : ",[";
            json += std::to_string(index) + "," + std::to_string(count) + "]";
        }
    }
    json = "{\"seen\":[" + json + "]}";
    std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(json.data()), json.size());
    return {1, wit::vector<uint8_t>::from_view(bytes)};
}

std::expected<void, wit::string> lifecycle::Restore(Snapshot snapshot) {
    if (snapshot.version != 1) {
        return refuse("only state of version 1 is known");
    }
    std::vector<Track> restored(tracks.size());
    std::string_view data(reinterpret_cast<char *>(snapshot.data.data()), snapshot.data.size());
    if (!read_state(data, restored)) {
        return refuse("the state is not what this plugin saves");
    }
    tracks = std::move(restored);
    return {};
}

std::expected<wit::vector<FrameDetections>, wit::string>
filter::Process(wit::vector<FrameDetections> frames) {
    auto passed = wit::vector<FrameDetections>::allocate(frames.size());
    for (size_t index = 0; index < frames.size(); index++) {
        count(frames[index]);
        passed.initialize(index, steady(frames[index]));
    }
    return passed;
}

} // namespace exports::agave::plugin
