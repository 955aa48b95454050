/* Posts each alert as JSON to a web address. */
#include "agave.h"
#include "json.h"

static char url[1024];

void exports_lifecycle_describe(exports_lifecycle_description_t *ret) {
    agave_string_dup(&ret->name, "{{name}}");
    agave_string_dup(&ret->version, "0.1.0");
    agave_string_dup(&ret->summary, "Posts each alert as JSON to a web address");
    agave_string_dup(&ret->config_schema,
        "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"url\"],"
        "\"properties\":{\"url\":{\"type\":\"string\",\"maxLength\":1023,"
        "\"description\":\"Where to post. The node's `allow.http` has to grant its origin.\"}}}");
    ret->state_version = 1;
    ret->reads_state.len = 0;
}

/* Agave has checked the configuration against the schema. Arguments are ours to free. */
bool exports_lifecycle_configure(agave_string_t *config, exports_lifecycle_stream_info_t *stream,
                                 agave_string_t *err) {
    char name[32];
    json_reader json = json_open((const char *)config->ptr, config->len);
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (strcmp(name, "url") == 0) {
            json_string(&json, url, sizeof url);
        } else {
            json_skip(&json);
        }
    }
    bool read = json_end(&json);
    agave_string_free(config);
    exports_lifecycle_stream_info_free(stream);
    if (!read || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)) {
        /* What is handed over has to be allocated: the host frees it. */
        agave_string_dup(err, "`url` has to begin with http:// or https://");
        return false;
    }
    return true;
}

/* It remembers nothing from alert to alert. */
void exports_lifecycle_save(exports_lifecycle_snapshot_t *ret) {
    ret->version = 1;
    ret->data.len = 0;
}

bool exports_lifecycle_restore(exports_lifecycle_snapshot_t *snapshot, agave_string_t *err) {
    (void)err;
    agave_list_u8_free(&snapshot->data);
    return true;
}

static void add_member(json_text *json, const char *name, const agave_string_t *value) {
    json_add(json, ",\"%s\":", name);
    json_add_string(json, (const char *)value->ptr, value->len);
}

static json_text body_of(const exports_adapter_delivery_t *delivery) {
    static const char *phases[] = {"begin", "update", "end"};
    static const char *severities[] = {"info", "warning", "critical"};
    const types_alert_t *alert = &delivery->alert;
    json_text json = {0};
    json_add(&json, "{\"phase\":\"%s\",\"severity\":\"%s\",\"confidence\":%.4f", phases[alert->phase],
             severities[alert->severity], (double)alert->detection.confidence);
    json_add(&json, ",\"media_time\":%.3f", (double)delivery->media_time / 1e9);
    add_member(&json, "camera_id", &delivery->camera);
    add_member(&json, "key", &alert->key);
    add_member(&json, "kind", &alert->kind);
    add_member(&json, "class", &alert->class_);
    if (alert->zone.is_some) {
        add_member(&json, "zone", &alert->zone.val);
    } else {
        json_add(&json, ",\"zone\":null");
    }
    json_add(&json, "}");
    return json;
}

static exports_adapter_outcome_t retry(void) {
    return (exports_adapter_outcome_t){.tag = EXPORTS_ADAPTER_OUTCOME_RETRY};
}

static exports_adapter_outcome_t rejected(const char *why, int status) {
    json_text reason = {0};
    json_add(&reason, why, status);
    return (exports_adapter_outcome_t){
        .tag = EXPORTS_ADAPTER_OUTCOME_REJECTED,
        .val.rejected = {(uint8_t *)reason.text, reason.length},
    };
}

static exports_adapter_outcome_t answered(uint16_t status) {
    if (status >= 200 && status < 300) {
        return (exports_adapter_outcome_t){.tag = EXPORTS_ADAPTER_OUTCOME_DELIVERED};
    }
    return status == 429 || status >= 500 ? retry() : rejected("the receiver answered %d", status);
}

static exports_adapter_outcome_t failed(const http_error_t *error) {
    switch (error->tag) {
    case HTTP_ERROR_NOT_ALLOWED:
        return rejected("the node may not reach this address", 0);
    case HTTP_ERROR_TOO_LARGE:
        return rejected("the answer is too large", 0);
    default:
        return retry();
    }
}

static exports_adapter_outcome_t post(exports_adapter_delivery_t *delivery) {
    json_text body = body_of(delivery);
    agave_tuple2_string_string_t headers[2];
    agave_string_set(&headers[0].f0, "content-type");
    agave_string_set(&headers[0].f1, "application/json");
    agave_string_set(&headers[1].f0, "idempotency-key");
    headers[1].f1 = delivery->idempotency_key;
    /* What goes to the host in a call stays ours; what it answers becomes ours. */
    http_request_t request = {
        .method = HTTP_METHOD_POST,
        .headers = {headers, 2},
        .body = {(uint8_t *)body.text, body.length},
        .timeout_ms = 10000,
    };
    agave_string_set(&request.url, url);
    http_authentication_t none = {.tag = HTTP_AUTHENTICATION_NONE};
    http_response_t response;
    http_error_t error;
    exports_adapter_outcome_t outcome;
    if (http_send(&request, &none, &response, &error)) {
        outcome = answered(response.status);
        http_response_free(&response);
    } else {
        outcome = failed(&error);
        http_error_free(&error);
    }
    free(body.text);
    return outcome;
}

void exports_adapter_deliver(exports_adapter_list_delivery_t *deliveries,
                             exports_adapter_list_outcome_t *ret) {
    ret->len = deliveries->len;
    if (ret->len > 0) {
        ret->ptr = malloc(ret->len * sizeof *ret->ptr);
    }
    for (size_t i = 0; i < deliveries->len; i++) {
        ret->ptr[i] = post(&deliveries->ptr[i]);
    }
    exports_adapter_list_delivery_free(deliveries);
}
