// Lets only sure detections through.
#include "agave.hpp"
#include "json.h"

#include <vector>

using agave::plugin::types::Detection;
using agave::plugin::types::FrameDetections;
using agave::plugin::types::StreamInfo;

namespace {

float least = 0.5;

wit::string text(std::string_view view) { return wit::string::from_view(view); }

FrameDetections sure(const FrameDetections &frame) {
    std::vector<Detection> kept;
    for (const Detection &detection : frame.detections.get_const_view()) {
        if (detection.confidence >= least) {
            kept.push_back(detection);
        }
    }
    return {frame.frame, frame.at, wit::vector<Detection>::from_view(std::span(kept))};
}

} // namespace

namespace exports::agave::plugin {

lifecycle::Description lifecycle::Describe() {
    return {
        .name = text("{{name}}"),
        .version = text("0.1.0"),
        .summary = text("Lets only sure detections through"),
        .config_schema = text(R"({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "confidence": {
                    "type": "number", "minimum": 0, "maximum": 1, "default": 0.5,
                    "description": "Detections below it are dropped."
                }
            }
        })"),
        .state_version = 1,
        .reads_state = {},
    };
}

// Agave has checked the configuration against the schema.
std::expected<void, wit::string> lifecycle::Configure(wit::string config, StreamInfo) {
    double confidence = 0.5;
    char name[32];
    json_reader json = json_open(config.data(), config.size());
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (std::string_view(name) == "confidence") {
            json_number(&json, &confidence);
        } else {
            json_skip(&json);
        }
    }
    if (!json_end(&json)) {
        return std::unexpected(text("the configuration cannot be read"));
    }
    least = static_cast<float>(confidence);
    return {};
}

// It remembers nothing from frame to frame.
lifecycle::Snapshot lifecycle::Save() { return {1, {}}; }

std::expected<void, wit::string> lifecycle::Restore(Snapshot) { return {}; }

std::expected<wit::vector<FrameDetections>, wit::string>
filter::Process(wit::vector<FrameDetections> frames) {
    auto passed = wit::vector<FrameDetections>::allocate(frames.size());
    for (size_t index = 0; index < frames.size(); index++) {
        passed.initialize(index, sure(frames[index]));
    }
    return passed;
}

} // namespace exports::agave::plugin
