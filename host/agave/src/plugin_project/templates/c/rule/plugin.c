/* Raises an alert when a class has been in view for some seconds. */
#include "agave.h"
#include "json.h"

/* The node's configuration, and what it means on this camera. */
static struct {
    char class[64];
    uint16_t index;
    double seconds;
    char camera[64];
} settings;

/* What has to survive a restart. Its bytes are saved as they are: in WebAssembly they are the
 * same everywhere. Who changes it raises the version. */
static struct {
    /* When the class came into view. */
    uint64_t since;
    bool in_view;
    /* Whether its incident has been announced. */
    bool begun;
    /* Where it was seen last. */
    types_detection_t last;
} state;

void exports_lifecycle_describe(exports_lifecycle_description_t *ret) {
    agave_string_dup(&ret->name, "{{name}}");
    agave_string_dup(&ret->version, "0.1.0");
    agave_string_dup(&ret->summary, "Raises an alert when a class has been in view for some seconds");
    agave_string_dup(&ret->config_schema,
        "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"class\"],"
        "\"properties\":{"
        "\"class\":{\"type\":\"string\",\"maxLength\":63,"
        "\"description\":\"The class that is watched for.\"},"
        "\"seconds\":{\"type\":\"number\",\"minimum\":0,\"default\":2,"
        "\"description\":\"For how many seconds it must have been in view.\"}}}");
    ret->state_version = 1;
    ret->reads_state.len = 0;
}

static bool read_config(const agave_string_t *config) {
    char name[32];
    settings.seconds = 2;
    json_reader json = json_open((const char *)config->ptr, config->len);
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (strcmp(name, "class") == 0) {
            json_string(&json, settings.class, sizeof settings.class);
        } else if (strcmp(name, "seconds") == 0) {
            json_number(&json, &settings.seconds);
        } else {
            json_skip(&json);
        }
    }
    return json_end(&json);
}

static bool find_class(const agave_list_string_t *classes) {
    for (size_t i = 0; i < classes->len; i++) {
        const agave_string_t *class = &classes->ptr[i];
        if (class->len == strlen(settings.class) &&
            memcmp(class->ptr, settings.class, class->len) == 0) {
            settings.index = (uint16_t)i;
            return true;
        }
    }
    return false;
}

/* Agave has checked the configuration against the schema. Arguments are ours to free. */
bool exports_lifecycle_configure(agave_string_t *config, exports_lifecycle_stream_info_t *stream,
                                 agave_string_t *err) {
    /* What is handed over has to be allocated, because the host frees it; this is. */
    json_text problem = {0};
    if (!read_config(config)) {
        json_add(&problem, "the configuration cannot be read");
    } else if (!find_class(&stream->classes)) {
        json_add(&problem, "there is no class '%s'", settings.class);
    }
    snprintf(settings.camera, sizeof settings.camera, "%.*s", (int)stream->camera.len,
             (char *)stream->camera.ptr);
    agave_string_free(config);
    exports_lifecycle_stream_info_free(stream);
    err->ptr = (uint8_t *)problem.text;
    err->len = problem.length;
    return problem.length == 0;
}

void exports_lifecycle_save(exports_lifecycle_snapshot_t *ret) {
    ret->version = 1;
    ret->data.ptr = malloc(sizeof state);
    ret->data.len = sizeof state;
    memcpy(ret->data.ptr, &state, sizeof state);
}

bool exports_lifecycle_restore(exports_lifecycle_snapshot_t *snapshot, agave_string_t *err) {
    bool fits = snapshot->version == 1 && snapshot->data.len == sizeof state;
    if (fits) {
        memcpy(&state, snapshot->data.ptr, sizeof state);
    } else {
        agave_string_dup(err, "the state is not what this plugin saves");
    }
    exports_lifecycle_snapshot_free(snapshot);
    return fits;
}

static types_alert_t alert(types_phase_t phase, const types_frame_detections_t *frame) {
    json_text key = {0};
    json_add(&key, "%s/%s/%llu", settings.camera, settings.class,
             (unsigned long long)state.since);
    types_alert_t alert = {
        .key = {(uint8_t *)key.text, key.length},
        .phase = phase,
        .severity = TYPES_SEVERITY_WARNING,
        .at = frame->at,
        .frame = frame->frame,
        .detection = state.last,
        .count = 1,
    };
    agave_string_dup(&alert.kind, "{{name}}");
    agave_string_dup(&alert.class_, settings.class);
    return alert;
}

static bool see(const types_list_detection_t *detections) {
    for (size_t i = 0; i < detections->len; i++) {
        if (detections->ptr[i].class_ == settings.index) {
            state.last = detections->ptr[i];
            return true;
        }
    }
    return false;
}

/* Looks at one frame. Says whether there is an alert, which is written to `into`. */
static bool look_at(const types_frame_detections_t *frame, types_alert_t *into) {
    if (!see(&frame->detections)) {
        bool ended = state.begun;
        if (ended) {
            *into = alert(TYPES_PHASE_END, frame);
        }
        state.in_view = state.begun = false;
        return ended;
    }
    if (!state.in_view) {
        state.in_view = true;
        state.since = frame->at;
    }
    if (state.begun || (double)(frame->at - state.since) < settings.seconds * 1e9) {
        return false;
    }
    state.begun = true;
    *into = alert(TYPES_PHASE_BEGIN, frame);
    return true;
}

bool exports_rule_evaluate(exports_rule_list_frame_detections_t *frames,
                           exports_rule_list_alert_t *ret, agave_string_t *err) {
    (void)err;
    /* At most one alert a frame. */
    ret->len = 0;
    ret->ptr = calloc(frames->len + 1, sizeof *ret->ptr);
    for (size_t i = 0; i < frames->len; i++) {
        ret->len += look_at(&frames->ptr[i], &ret->ptr[ret->len]);
    }
    if (ret->len == 0) {
        /* The memory of an empty list is nobody's, so the host does not free it. */
        free(ret->ptr);
    }
    exports_rule_list_frame_detections_free(frames);
    return true;
}
