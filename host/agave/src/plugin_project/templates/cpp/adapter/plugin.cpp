// Posts each alert as JSON to a web address.
#include "agave.hpp"
#include "json.h"

#include <string>

using agave::plugin::types::Alert;
using agave::plugin::types::StreamInfo;
using exports::agave::plugin::adapter::Delivery;
using exports::agave::plugin::adapter::Outcome;
namespace http = agave::plugin::http;

namespace {

std::string url;

wit::string text(std::string_view view) { return wit::string::from_view(view); }

void add_member(json_text &json, const char *name, const wit::string &value) {
    json_add(&json, ",\"%s\":", name);
    json_add_string(&json, value.data(), value.size());
}

std::string body_of(const Delivery &delivery) {
    static const char *phases[] = {"begin", "update", "end"};
    static const char *severities[] = {"info", "warning", "critical"};
    const Alert &alert = delivery.alert;
    json_text json = {};
    json_add(&json, "{\"phase\":\"%s\",\"severity\":\"%s\",\"confidence\":%.4f",
             phases[static_cast<int>(alert.phase)], severities[static_cast<int>(alert.severity)],
             static_cast<double>(alert.detection.confidence));
    json_add(&json, ",\"media_time\":%.3f", static_cast<double>(delivery.media_time) / 1e9);
    add_member(json, "camera_id", delivery.camera);
    add_member(json, "key", alert.key);
    add_member(json, "kind", alert.kind);
    add_member(json, "class", alert.class_);
    if (alert.zone) {
        add_member(json, "zone", *alert.zone);
    } else {
        json_add(&json, ",\"zone\":null");
    }
    json_add(&json, "}");
    std::string body(json.text, json.length);
    free(json.text);
    return body;
}

Outcome retry() { return {Outcome::Retry{std::nullopt}}; }

Outcome rejected(std::string_view why) { return {Outcome::Rejected{text(why)}}; }

Outcome answered(int status) {
    if (status >= 200 && status < 300) {
        return {Outcome::Delivered{}};
    }
    if (status == 429 || status >= 500) {
        return retry();
    }
    return rejected("the receiver answered " + std::to_string(status));
}

Outcome failed(const http::Error &error) {
    if (std::holds_alternative<http::Error::NotAllowed>(error.variants)) {
        return rejected(std::get<http::Error::NotAllowed>(error.variants).value.get_view());
    }
    if (std::holds_alternative<http::Error::TooLarge>(error.variants)) {
        return rejected("the answer is too large");
    }
    return retry();
}

Outcome post(const Delivery &delivery) {
    using Header = std::tuple<wit::string, wit::string>;
    auto headers = wit::vector<Header>::allocate(2);
    headers.initialize(0, Header(text("content-type"), text("application/json")));
    headers.initialize(1, Header(text("idempotency-key"), delivery.idempotency_key));
    std::string body = body_of(delivery);
    std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(body.data()), body.size());
    auto answer = http::Send(
        {
            .method = http::Method::kPost,
            .url = text(url),
            .headers = std::move(headers),
            .body = wit::vector<uint8_t>::from_view(bytes),
            .timeout_ms = 10000,
        },
        {http::Authentication::None{}});
    return answer ? answered(answer->status) : failed(answer.error());
}

} // namespace

namespace exports::agave::plugin {

lifecycle::Description lifecycle::Describe() {
    return {
        .name = text("{{name}}"),
        .version = text("0.1.0"),
        .summary = text("Posts each alert as JSON to a web address"),
        .config_schema = text(R"({
            "type": "object",
            "additionalProperties": false,
            "required": ["url"],
            "properties": {
                "url": {
                    "type": "string", "maxLength": 1023,
                    "description": "Where to post. The node's `allow.http` has to grant its origin."
                }
            }
        })"),
        .state_version = 1,
        .reads_state = {},
    };
}

// Agave has checked the configuration against the schema.
std::expected<void, wit::string> lifecycle::Configure(wit::string config, StreamInfo) {
    char name[32], given[1024] = "";
    json_reader json = json_open(config.data(), config.size());
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (std::string_view(name) == "url") {
            json_string(&json, given, sizeof given);
        } else {
            json_skip(&json);
        }
    }
    url = given;
    if (!json_end(&json) || !(url.starts_with("http://") || url.starts_with("https://"))) {
        return std::unexpected(text("`url` has to begin with http:// or https://"));
    }
    return {};
}

// It remembers nothing from alert to alert.
lifecycle::Snapshot lifecycle::Save() { return {1, {}}; }

std::expected<void, wit::string> lifecycle::Restore(Snapshot) { return {}; }

wit::vector<Outcome> adapter::Deliver(wit::vector<Delivery> deliveries) {
    auto outcomes = wit::vector<Outcome>::allocate(deliveries.size());
    for (size_t index = 0; index < deliveries.size(); index++) {
        outcomes.initialize(index, post(deliveries[index]));
    }
    return outcomes;
}

} // namespace exports::agave::plugin
