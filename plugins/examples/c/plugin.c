/* Lets a class through once it has been seen in several frames in a row. */
#include "agave.h"
#include "json.h"

#include <stdio.h>

#define MOST_FRAMES 100

/* The node's configuration. */
static struct {
    float confidence;
    uint8_t frames;
} config;

/* What is known of one class. */
typedef struct {
    /* In how many frames in a row it was seen, up to `config.frames`. */
    uint8_t count;
    /* Whether it is in the frame that is being looked at. */
    bool seen;
} track;

static agave_list_string_t classes;
/* One for each of `classes`. */
static track *tracks;

/* Says why not. What is returned belongs to the host, which frees it: so it is a copy. */
static bool refuse(agave_string_t *err, const char *sentence) {
    agave_string_dup(err, sentence);
    return false;
}

void exports_lifecycle_describe(exports_lifecycle_description_t *ret) {
    agave_string_dup(&ret->name, "steady");
    agave_string_dup(&ret->version, "0.1.0");
    agave_string_dup(&ret->summary,
                     "Lets a class through once it has been seen in several frames in a row");
    agave_string_dup(&ret->config_schema,
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"confidence\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1,\"default\":0.5,"
        "\"description\":\"How sure the model has to be of a detection for it to count\"},"
        "\"frames\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":3,"
        "\"description\":\"In how many frames in a row a class has to be seen\"}}}");
    ret->state_version = 1;
    ret->reads_state.len = 0;
}

static bool read_config(agave_string_t *text, agave_string_t *err) {
    double confidence = 0.5, frames = 3;
    char name[32];
    json_reader json = json_open((const char *)text->ptr, text->len);
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (strcmp(name, "confidence") == 0) {
            json_number(&json, &confidence);
        } else if (strcmp(name, "frames") == 0) {
            json_number(&json, &frames);
        } else {
            return refuse(err, "the only settings are `confidence` and `frames`");
        }
    }
    if (!json_end(&json)) {
        return refuse(err, "the configuration is not a JSON object of numbers");
    }
    if (!(confidence >= 0 && confidence <= 1)) {
        return refuse(err, "`confidence` has to be from 0 to 1");
    }
    if (!(frames >= 1 && frames <= MOST_FRAMES) || frames != (int)frames) {
        return refuse(err, "`frames` has to be a whole number from 1 to 100");
    }
    config.confidence = (float)confidence;
    config.frames = (uint8_t)frames;
    return true;
}

/* Arguments are ours to free, whatever we answer. */
bool exports_lifecycle_configure(agave_string_t *text, exports_lifecycle_stream_info_t *stream,
                                 agave_string_t *err) {
    bool accepted = read_config(text, err);
    agave_string_free(text);
    if (accepted) {
        /* The second time only the configuration differs, and what was counted stays. */
        if (tracks == NULL) {
            tracks = calloc(stream->classes.len + 1, sizeof *tracks);
        }
        agave_list_string_free(&classes);
        classes = stream->classes;
        stream->classes.len = 0;
    }
    exports_lifecycle_stream_info_free(stream);
    return accepted;
}

static void say_steady(const agave_string_t *class) {
    char text[256];
    int length = snprintf(text, sizeof text, "%.*s is steady", (int)class->len, (char *)class->ptr);
    agave_string_t message = {(uint8_t *)text, length < 255 ? (size_t)length : 255};
    log_write(LOG_LEVEL_INFO, &message);
}

static bool counts(const types_detection_t *detection) {
    return detection->confidence >= config.confidence && detection->class_ < classes.len;
}

/* Counts for each class how often in a row it was seen. */
static void count(const types_list_detection_t *detections) {
    for (size_t i = 0; i < detections->len; i++) {
        if (counts(&detections->ptr[i])) {
            tracks[detections->ptr[i].class_].seen = true;
        }
    }
    for (size_t class = 0; class < classes.len; class++) {
        track *track = &tracks[class];
        if (!track->seen) {
            track->count = 0;
        } else if (track->count < config.frames && ++track->count == config.frames) {
            say_steady(&classes.ptr[class]);
        }
        track->seen = false;
    }
}

/* Moves what passes to the front, and shortens the list. */
static void keep_steady(types_list_detection_t *detections) {
    size_t kept = 0;
    for (size_t i = 0; i < detections->len; i++) {
        types_detection_t detection = detections->ptr[i];
        if (counts(&detection) && tracks[detection.class_].count >= config.frames) {
            detections->ptr[kept++] = detection;
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
        count(&frames->ptr[i].detections);
        keep_steady(&frames->ptr[i].detections);
    }
    /* They were ours; as the answer they are the host's. */
    *ret = *frames;
    return true;
}

void exports_lifecycle_save(exports_lifecycle_snapshot_t *ret) {
    /* `[65535,100],` for each class at the most. */
    size_t room = 16 + classes.len * 12;
    char *text = malloc(room);
    int length = snprintf(text, room, "{\"seen\":[");
    const char *comma = "";
    for (size_t class = 0; class < classes.len; class++) {
        uint8_t count = tracks[class].count;
        if (count > 0) {
            count = count < config.frames ? count : config.frames;
            length += snprintf(text + length, room - length, "%s[%zu,%u]", comma, class, count);
            comma = ",";
        }
    }
    length += snprintf(text + length, room - length, "]}");
    ret->version = 1;
    ret->data.ptr = (uint8_t *)text;
    ret->data.len = (size_t)length;
}

/* Reads `[class,count]`, with a class above `*class`. */
static bool read_pair(json_reader *json, double *class, track *into) {
    double number = -1, count = 0;
    bool pair = json_array(json) && json_element(json) && json_number(json, &number) &&
                json_element(json) && json_number(json, &count) && !json_element(json);
    if (!pair || number <= *class || number >= (double)classes.len || count < 1 ||
        count > MOST_FRAMES || number != (int)number || count != (int)count) {
        return json_fail(json);
    }
    into[(int)number].count = (uint8_t)count;
    *class = number;
    return true;
}

static bool read_state(exports_lifecycle_snapshot_t *snapshot, track *into) {
    char name[8];
    double class = -1;
    json_reader json = json_open((const char *)snapshot->data.ptr, snapshot->data.len);
    bool seen = json_object(&json) && json_member(&json, name, sizeof name) &&
                strcmp(name, "seen") == 0 && json_array(&json);
    while (seen && json_element(&json)) {
        read_pair(&json, &class, into);
    }
    return seen && !json_member(&json, name, sizeof name) && json_end(&json);
}

bool exports_lifecycle_restore(exports_lifecycle_snapshot_t *snapshot, agave_string_t *err) {
    track *restored = calloc(classes.len + 1, sizeof *restored);
    bool known = snapshot->version == 1;
    bool accepted = known && read_state(snapshot, restored);
    exports_lifecycle_snapshot_free(snapshot);
    if (!accepted) {
        free(restored);
        return refuse(err, known ? "the state is not what this plugin saves"
                                 : "only state of version 1 is known");
    }
    free(tracks);
    tracks = restored;
    return true;
}
