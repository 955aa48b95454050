// Lets only alerts of some severity through.
#include "agave.hpp"
#include "json.h"

#include <algorithm>
#include <array>

using agave::plugin::types::Alert;
using agave::plugin::types::Severity;
using agave::plugin::types::StreamInfo;

namespace {

Severity at_least = Severity::kWarning;

wit::string text(std::string_view view) { return wit::string::from_view(view); }

} // namespace

namespace exports::agave::plugin {

lifecycle::Description lifecycle::Describe() {
    return {
        .name = text("{{name}}"),
        .version = text("0.1.0"),
        .summary = text("Lets only alerts of some severity through"),
        .config_schema = text(R"({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "at-least": {
                    "enum": ["info", "warning", "critical"], "default": "warning",
                    "description": "Alerts below it stay behind."
                }
            }
        })"),
        .state_version = 1,
        .reads_state = {},
    };
}

// Agave has checked the configuration against the schema.
std::expected<void, wit::string> lifecycle::Configure(wit::string config, StreamInfo) {
    constexpr std::array<std::string_view, 3> severities = {"info", "warning", "critical"};
    char name[32], severity[16] = "warning";
    json_reader json = json_open(config.data(), config.size());
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (std::string_view(name) == "at-least") {
            json_string(&json, severity, sizeof severity);
        } else {
            json_skip(&json);
        }
    }
    auto found = std::ranges::find(severities, std::string_view(severity));
    if (!json_end(&json) || found == severities.end()) {
        return std::unexpected(text("`at-least` is none of info, warning and critical"));
    }
    at_least = static_cast<Severity>(found - severities.begin());
    return {};
}

// It remembers nothing from alert to alert.
lifecycle::Snapshot lifecycle::Save() { return {1, {}}; }

std::expected<void, wit::string> lifecycle::Restore(Snapshot) { return {}; }

std::expected<wit::vector<Alert>, wit::string> gate::Pass(wit::vector<Alert> alerts) {
    auto passes = [](const Alert &alert) { return alert.severity >= at_least; };
    auto all = alerts.get_view();
    auto passed = wit::vector<Alert>::allocate(std::ranges::count_if(all, passes));
    size_t count = 0;
    for (Alert &alert : all) {
        if (passes(alert)) {
            passed.initialize(count++, std::move(alert));
        }
    }
    return passed;
}

// Nothing is held back, so nothing waits for its time.
std::expected<wit::vector<Alert>, wit::string> gate::Tick(uint64_t) {
    return wit::vector<Alert>();
}

} // namespace exports::agave::plugin
