// Raises an alert when a class has been in view for some seconds.
#include "agave.hpp"
#include "json.h"

#include <string>
#include <vector>

using agave::plugin::types::Alert;
using agave::plugin::types::Detection;
using agave::plugin::types::FrameDetections;
using agave::plugin::types::Phase;
using agave::plugin::types::Severity;
using agave::plugin::types::StreamInfo;

namespace {

// The node's configuration, and what it means on this camera.
struct Settings {
    std::string name;
    std::string camera;
    size_t index = 0;
    double seconds = 2;
};

// What has to survive a restart. Its bytes are saved as they are: in WebAssembly they are the
// same everywhere. Who changes it raises the version.
struct State {
    // When the class came into view.
    std::optional<uint64_t> since;
    // Whether its incident has been announced.
    bool begun = false;
    // Where it was seen last.
    Detection last = {};
};

Settings settings;
State state;

wit::string text(std::string_view view) { return wit::string::from_view(view); }

bool read_config(const wit::string &config, Settings &into) {
    char name[32], text[64] = "";
    json_reader json = json_open(config.data(), config.size());
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (std::string_view(name) == "class") {
            json_string(&json, text, sizeof text);
        } else if (std::string_view(name) == "seconds") {
            json_number(&json, &into.seconds);
        } else {
            json_skip(&json);
        }
    }
    into.name = text;
    return json_end(&json);
}

Alert alert(Phase phase, const FrameDetections &frame) {
    std::string key = settings.camera + "/" + settings.name + "/" + std::to_string(*state.since);
    return {
        .key = text(key),
        .kind = text("{{name}}"),
        .phase = phase,
        .severity = Severity::kWarning,
        .at = frame.at,
        .frame = frame.frame,
        .class_ = text(settings.name),
        .zone = std::nullopt,
        .detection = state.last,
        .count = 1,
        .attributes = {},
    };
}

bool see(const FrameDetections &frame) {
    for (const Detection &detection : frame.detections.get_const_view()) {
        if (detection.class_ == settings.index) {
            state.last = detection;
            return true;
        }
    }
    return false;
}

void look_at(const FrameDetections &frame, std::vector<Alert> &alerts) {
    if (!see(frame)) {
        if (state.begun) {
            alerts.push_back(alert(Phase::kEnd, frame));
        }
        state = {};
        return;
    }
    if (!state.since) {
        state.since = frame.at;
    }
    if (!state.begun && static_cast<double>(frame.at - *state.since) >= settings.seconds * 1e9) {
        state.begun = true;
        alerts.push_back(alert(Phase::kBegin, frame));
    }
}

} // namespace

namespace exports::agave::plugin {

lifecycle::Description lifecycle::Describe() {
    return {
        .name = text("{{name}}"),
        .version = text("0.1.0"),
        .summary = text("Raises an alert when a class has been in view for some seconds"),
        .config_schema = text(R"({
            "type": "object",
            "additionalProperties": false,
            "required": ["class"],
            "properties": {
                "class": {
                    "type": "string", "maxLength": 63,
                    "description": "The class that is watched for."
                },
                "seconds": {
                    "type": "number", "minimum": 0, "default": 2,
                    "description": "For how many seconds it must have been in view."
                }
            }
        })"),
        .state_version = 1,
        .reads_state = {},
    };
}

// Agave has checked the configuration against the schema.
std::expected<void, wit::string> lifecycle::Configure(wit::string config, StreamInfo stream) {
    Settings given;
    if (!read_config(config, given)) {
        return std::unexpected(text("the configuration cannot be read"));
    }
    given.camera = stream.camera.to_string();
    auto classes = stream.classes.get_view();
    while (given.index < classes.size() && classes[given.index].get_view() != given.name) {
        given.index++;
    }
    if (given.index == classes.size()) {
        return std::unexpected(text("there is no class '" + given.name + "'"));
    }
    settings = given;
    return {};
}

lifecycle::Snapshot lifecycle::Save() {
    std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(&state), sizeof state);
    return {1, wit::vector<uint8_t>::from_view(bytes)};
}

std::expected<void, wit::string> lifecycle::Restore(Snapshot snapshot) {
    if (snapshot.version != 1 || snapshot.data.size() != sizeof state) {
        return std::unexpected(text("the state is not what this plugin saves"));
    }
    memcpy(&state, snapshot.data.data(), sizeof state);
    return {};
}

std::expected<wit::vector<Alert>, wit::string>
rule::Evaluate(wit::vector<FrameDetections> frames) {
    std::vector<Alert> alerts;
    for (const FrameDetections &frame : frames.get_const_view()) {
        look_at(frame, alerts);
    }
    auto answer = wit::vector<Alert>::allocate(alerts.size());
    for (size_t index = 0; index < alerts.size(); index++) {
        answer.initialize(index, std::move(alerts[index]));
    }
    return answer;
}

} // namespace exports::agave::plugin
