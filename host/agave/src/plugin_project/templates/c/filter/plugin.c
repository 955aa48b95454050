/* Lets only sure detections through. */
#include "agave.h"
#include "json.h"

static float least = 0.5f;

void exports_lifecycle_describe(exports_lifecycle_description_t *ret) {
    agave_string_dup(&ret->name, "{{name}}");
    agave_string_dup(&ret->version, "0.1.0");
    agave_string_dup(&ret->summary, "Lets only sure detections through");
    agave_string_dup(&ret->config_schema,
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"confidence\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1,\"default\":0.5,"
        "\"description\":\"Detections below it are dropped.\"}}}");
    ret->state_version = 1;
    ret->reads_state.len = 0;
}

/* Agave has checked the configuration against the schema. Arguments are ours to free. */
bool exports_lifecycle_configure(agave_string_t *config, exports_lifecycle_stream_info_t *stream,
                                 agave_string_t *err) {
    double confidence = 0.5;
    char name[32];
    json_reader json = json_open((const char *)config->ptr, config->len);
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (strcmp(name, "confidence") == 0) {
            json_number(&json, &confidence);
        } else {
            json_skip(&json);
        }
    }
    bool read = json_end(&json);
    agave_string_free(config);
    exports_lifecycle_stream_info_free(stream);
    if (!read) {
        /* What is handed over has to be allocated: the host frees it. */
        agave_string_dup(err, "the configuration cannot be read");
        return false;
    }
    least = (float)confidence;
    return true;
}

/* It remembers nothing from frame to frame. */
void exports_lifecycle_save(exports_lifecycle_snapshot_t *ret) {
    ret->version = 1;
    ret->data.len = 0;
}

bool exports_lifecycle_restore(exports_lifecycle_snapshot_t *snapshot, agave_string_t *err) {
    (void)err;
    exports_lifecycle_snapshot_free(snapshot);
    return true;
}

/* Moves what passes to the front, and shortens the list. */
static void keep_sure(types_list_detection_t *detections) {
    size_t kept = 0;
    for (size_t i = 0; i < detections->len; i++) {
        if (detections->ptr[i].confidence >= least) {
            detections->ptr[kept++] = detections->ptr[i];
        }
    }
    if (kept == 0) {
        /* The memory of an empty list is nobody's: who empties a list frees it. */
        types_list_detection_free(detections);
    }
    detections->len = kept;
}

bool exports_filter_process(exports_filter_list_frame_detections_t *frames,
                            exports_filter_list_frame_detections_t *ret, agave_string_t *err) {
    (void)err;
    for (size_t i = 0; i < frames->len; i++) {
        keep_sure(&frames->ptr[i].detections);
    }
    /* They were ours; as the answer they are the host's. */
    *ret = *frames;
    return true;
}
