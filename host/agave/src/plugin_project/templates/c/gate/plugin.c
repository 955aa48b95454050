/* Lets only alerts of some severity through. */
#include "agave.h"
#include "json.h"

static types_severity_t at_least = TYPES_SEVERITY_WARNING;

void exports_lifecycle_describe(exports_lifecycle_description_t *ret) {
    agave_string_dup(&ret->name, "{{name}}");
    agave_string_dup(&ret->version, "0.1.0");
    agave_string_dup(&ret->summary, "Lets only alerts of some severity through");
    agave_string_dup(&ret->config_schema,
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"at-least\":{\"enum\":[\"info\",\"warning\",\"critical\"],\"default\":\"warning\","
        "\"description\":\"Alerts below it stay behind.\"}}}");
    ret->state_version = 1;
    ret->reads_state.len = 0;
}

/* Agave has checked the configuration against the schema. Arguments are ours to free. */
bool exports_lifecycle_configure(agave_string_t *config, exports_lifecycle_stream_info_t *stream,
                                 agave_string_t *err) {
    static const char *severities[] = {"info", "warning", "critical"};
    char name[32], severity[16] = "warning";
    json_reader json = json_open((const char *)config->ptr, config->len);
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (strcmp(name, "at-least") == 0) {
            json_string(&json, severity, sizeof severity);
        } else {
            json_skip(&json);
        }
    }
    bool read = json_end(&json);
    agave_string_free(config);
    exports_lifecycle_stream_info_free(stream);
    for (types_severity_t known = 0; read && known <= TYPES_SEVERITY_CRITICAL; known++) {
        if (strcmp(severity, severities[known]) == 0) {
            at_least = known;
            return true;
        }
    }
    /* What is handed over has to be allocated: the host frees it. */
    agave_string_dup(err, "`at-least` is none of info, warning and critical");
    return false;
}

/* It remembers nothing from alert to alert. */
void exports_lifecycle_save(exports_lifecycle_snapshot_t *ret) {
    ret->version = 1;
    ret->data.len = 0;
}

bool exports_lifecycle_restore(exports_lifecycle_snapshot_t *snapshot, agave_string_t *err) {
    (void)err;
    exports_lifecycle_snapshot_free(snapshot);
    return true;
}

bool exports_gate_pass(exports_gate_list_alert_t *alerts, exports_gate_list_alert_t *ret,
                       agave_string_t *err) {
    (void)err;
    size_t kept = 0;
    for (size_t i = 0; i < alerts->len; i++) {
        if (alerts->ptr[i].severity >= at_least) {
            alerts->ptr[kept++] = alerts->ptr[i];
        } else {
            exports_gate_alert_free(&alerts->ptr[i]);
        }
    }
    if (kept == 0 && alerts->len > 0) {
        /* The memory of an empty list is nobody's: who empties a list frees it. */
        free(alerts->ptr);
    }
    /* They were ours; as the answer they are the host's. */
    ret->ptr = alerts->ptr;
    ret->len = kept;
    return true;
}

/* Nothing is held back, so nothing waits for its time. */
bool exports_gate_tick(exports_gate_timestamp_t now, exports_gate_list_alert_t *ret,
                       agave_string_t *err) {
    (void)now;
    (void)err;
    ret->len = 0;
    return true;
}
