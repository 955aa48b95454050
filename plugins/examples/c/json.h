/* Reads JSON, one value after the other, without building a tree of it.
 *
 *     json_reader json = json_open(text, length);
 *     char name[32];
 *     double frames = 3;
 *     for (json_object(&json); json_member(&json, name, sizeof name);) {
 *         if (strcmp(name, "frames") == 0) {
 *             json_number(&json, &frames);
 *         } else {
 *             json_skip(&json);
 *         }
 *     }
 *     if (!json_end(&json)) { ... it was not JSON, or not what was asked for ... }
 *
 * At the first thing that is not as it should be the reader fails and stays failed, so that it
 * is enough to ask once, at the end. C and C++ read it alike.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* How deep values that are skipped may nest. */
#define JSON_DEEPEST 64

typedef struct {
    const char *at;
    const char *end;
    bool failed;
    /* Nothing was read yet in the object or array that was entered last. */
    bool first;
} json_reader;

static inline json_reader json_open(const char *text, size_t length) {
    json_reader json = {text, text + length, false, false};
    return json;
}

static inline bool json_fail(json_reader *json) {
    json->failed = true;
    return false;
}

/* The next character that is not white space; 0 at the end and after a failure. */
static inline char json_peek(json_reader *json) {
    while (json->at < json->end && strchr(" \t\r\n", *json->at) && *json->at) {
        json->at++;
    }
    return json->failed || json->at == json->end ? 0 : *json->at;
}

static inline bool json_take(json_reader *json, char expected) {
    if (json_peek(json) != expected) {
        return json_fail(json);
    }
    json->at++;
    return true;
}

/* Enters an object. */
static inline bool json_object(json_reader *json) {
    json->first = true;
    return json_take(json, '{');
}

/* Enters an array. */
static inline bool json_array(json_reader *json) {
    json->first = true;
    return json_take(json, '[');
}

/* Whether something follows before `close`; leaves the object or array where nothing does. */
static inline bool json_next(json_reader *json, char close) {
    bool first = json->first;
    json->first = false;
    if (json_peek(json) == close && close) {
        json->at++;
        return false;
    }
    return first ? !json->failed : json_take(json, ',');
}

/* Whether the array has another element, which has to be read next. */
static inline bool json_element(json_reader *json) { return json_next(json, ']'); }

static inline bool json_digits(json_reader *json) {
    const char *start = json->at;
    while (json->at < json->end && *json->at >= '0' && *json->at <= '9') {
        json->at++;
    }
    return json->at > start;
}

static inline bool json_is(const json_reader *json, const char *choice) {
    return json->at < json->end && *json->at && strchr(choice, *json->at);
}

/* Reads a number. */
static inline bool json_number(json_reader *json, double *number) {
    char digits[64];
    json_peek(json);
    const char *start = json->at;
    if (json_is(json, "-")) {
        json->at++;
    }
    const char *whole = json->at;
    if (json->failed || !json_digits(json) || (*whole == '0' && json->at > whole + 1)) {
        return json_fail(json);
    }
    if (json_is(json, ".")) {
        json->at++;
        if (!json_digits(json)) {
            return json_fail(json);
        }
    }
    if (json_is(json, "eE")) {
        json->at++;
        if (json_is(json, "+-")) {
            json->at++;
        }
        if (!json_digits(json)) {
            return json_fail(json);
        }
    }
    size_t length = (size_t)(json->at - start);
    if (length >= sizeof digits) {
        return json_fail(json);
    }
    memcpy(digits, start, length);
    digits[length] = 0;
    *number = strtod(digits, NULL);
    return true;
}

static inline bool json_word(json_reader *json, const char *word) {
    size_t length = strlen(word);
    if (json->failed || (size_t)(json->end - json->at) < length ||
        memcmp(json->at, word, length) != 0) {
        return json_fail(json);
    }
    json->at += length;
    return true;
}

/* Reads `true` or `false`. */
static inline bool json_boolean(json_reader *json, bool *value) {
    *value = json_peek(json) == 't';
    return json_word(json, *value ? "true" : "false");
}

static inline bool json_hexadecimal(json_reader *json, uint32_t *unit) {
    *unit = 0;
    for (int digit = 0; digit < 4; digit++, json->at++) {
        if (!json_is(json, "0123456789abcdefABCDEF")) {
            return json_fail(json);
        }
        char lower = (char)(*json->at | 0x20);
        *unit = *unit * 16 + (uint32_t)(lower <= '9' ? lower - '0' : lower - 'a' + 10);
    }
    return true;
}

/* What follows `\u`, with the second half of a pair where there is one. */
static inline bool json_escaped_point(json_reader *json, uint32_t *point) {
    uint32_t low;
    if (!json_hexadecimal(json, point)) {
        return false;
    }
    if (*point < 0xD800 || *point > 0xDFFF) {
        return *point != 0 || json_fail(json);
    }
    if (*point > 0xDBFF || !json_word(json, "\\u") || !json_hexadecimal(json, &low) ||
        low < 0xDC00 || low > 0xDFFF) {
        return json_fail(json);
    }
    *point = 0x10000 + ((*point - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static inline size_t json_utf8(uint32_t point, char *into) {
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t byte = length - 1; byte > 0; byte--, point >>= 6) {
        into[byte] = (char)(0x80 | (point & 0x3F));
    }
    into[0] = (char)(length == 1 ? point : (lead[length] | point));
    return length;
}

/* One character of a string, as it is meant: its bytes and how many they are. */
static inline size_t json_character(json_reader *json, char *into) {
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    uint32_t point;
    if (json->at == json->end || (unsigned char)*json->at < 0x20) {
        return json_fail(json);
    }
    *into = *json->at++;
    if (*into != '\\') {
        return 1;
    }
    if (json_is(json, "u")) {
        json->at++;
        return json_escaped_point(json, &point) ? json_utf8(point, into) : 0;
    }
    if (!json_is(json, escapes)) {
        return json_fail(json);
    }
    *into = meanings[strchr(escapes, *json->at++) - escapes];
    return 1;
}

/* Reads a string into `text`, which has room for `size` bytes with the 0 at its end. A string
 * that does not fit is a failure. */
static inline bool json_string(json_reader *json, char *text, size_t size) {
    size_t length = 0;
    char character[4];
    if (!json_take(json, '"')) {
        return false;
    }
    while (!json_is(json, "\"")) {
        size_t bytes = json_character(json, character);
        if (bytes == 0 || length + bytes >= size) {
            return json_fail(json);
        }
        memcpy(text + length, character, bytes);
        length += bytes;
    }
    json->at++;
    text[length] = 0;
    return true;
}

/* Whether the object has another member; reads its name. Its value has to be read next. */
static inline bool json_member(json_reader *json, char *name, size_t size) {
    return json_next(json, '}') && json_string(json, name, size) && json_take(json, ':');
}

static inline bool json_skip_string(json_reader *json) {
    char ignored[4];
    json->at++;
    while (!json_is(json, "\"")) {
        if (json_character(json, ignored) == 0) {
            return false;
        }
    }
    json->at++;
    return true;
}

static inline bool json_skip_value(json_reader *json, int depth) {
    double number;
    char first = json_peek(json);
    if (depth == JSON_DEEPEST) {
        return json_fail(json);
    }
    switch (first) {
    case '{':
        json_object(json);
        while (json_next(json, '}')) {
            if (json_peek(json) != '"' || !json_skip_string(json) || !json_take(json, ':')) {
                return json_fail(json);
            }
            json_skip_value(json, depth + 1);
        }
        return !json->failed;
    case '[':
        json_array(json);
        while (json_element(json)) {
            json_skip_value(json, depth + 1);
        }
        return !json->failed;
    case '"':
        return json_skip_string(json);
    case 't':
        return json_word(json, "true");
    case 'f':
        return json_word(json, "false");
    case 'n':
        return json_word(json, "null");
    default:
        return json_number(json, &number);
    }
}

/* Passes over any value. */
static inline bool json_skip(json_reader *json) { return json_skip_value(json, 0); }

/* Whether everything was read, and all of it was as it should be. */
static inline bool json_end(json_reader *json) {
    json_peek(json);
    return !json->failed && json->at == json->end;
}

#endif
