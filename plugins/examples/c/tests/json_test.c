/* The unit test: cc -Wall -Wextra -o build/json_test tests/json_test.c && build/json_test */
#include "../json.h"

#include <stdio.h>

static int failures = 0;

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                \
            failures++;                                                                    \
        }                                                                                  \
    } while (0)

static json_reader open_text(const char *text) { return json_open(text, strlen(text)); }

static bool is_json(const char *text) {
    json_reader json = open_text(text);
    json_skip(&json);
    return json_end(&json);
}

static void what_is_json_and_what_is_not(void) {
    const char *right[] = {
        "{}", "[]", " [ 1 , -2.5e+3 , 0 ] ", "\"\"", "true", "null",
        "{\"a\":{\"b\":[[],{}]},\"c\":false}", "\"\\\"\\u00e9\\ud83d\\ude00\"",
    };
    const char *wrong[] = {
        "", "{", "}", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "01", "1.", "+1", ".5", "1e",
        "tru", "nul", "\"", "\"\\x\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\u0000\"", "\"\n\"",
        "1 2", "[1 2]", "[,1]", "-", "{\"a\":1 \"b\":2}", "[1}",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        if (!is_json(right[i])) {
            fprintf(stderr, "should be JSON: %s\n", right[i]);
            failures++;
        }
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (is_json(wrong[i])) {
            fprintf(stderr, "should not be JSON: %s\n", wrong[i]);
            failures++;
        }
    }
}

static void nesting_has_an_end(void) {
    char deep[2001] = {0};
    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    CHECK(!is_json(deep));
}

static void members_are_read_and_others_passed_over(void) {
    json_reader json = open_text("{\"x\":[{\"n\":1}], \"n\": 2.5, \"on\":true, \"s\":\"a\\tb\"}");
    char name[8], text[8] = "";
    double number = 0;
    bool on = false;
    for (json_object(&json); json_member(&json, name, sizeof name);) {
        if (strcmp(name, "n") == 0) {
            json_number(&json, &number);
        } else if (strcmp(name, "on") == 0) {
            json_boolean(&json, &on);
        } else if (strcmp(name, "s") == 0) {
            json_string(&json, text, sizeof text);
        } else {
            json_skip(&json);
        }
    }
    CHECK(json_end(&json));
    CHECK(number == 2.5 && on && strcmp(text, "a\tb") == 0);
}

static void escapes_become_utf8(void) {
    json_reader json = open_text("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\/\"");
    char text[32];
    CHECK(json_string(&json, text, sizeof text));
    CHECK(strcmp(text, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/") == 0);
}

static void what_does_not_fit_is_a_failure(void) {
    json_reader json = open_text("\"four\"");
    char text[5], small[4];
    CHECK(json_string(&json, text, sizeof text) && json_end(&json));
    json = open_text("\"four\"");
    CHECK(!json_string(&json, small, sizeof small) && !json_end(&json));
}

static void another_kind_of_value_is_a_failure(void) {
    double number = 7;
    bool value;
    json_reader json = open_text("\"1\"");
    CHECK(!json_number(&json, &number) && number == 7);
    json = open_text("1");
    CHECK(!json_boolean(&json, &value));
}

/* Nothing is read behind the end: the text need not end in 0. */
static void the_text_ends_where_it_was_said_to_end(void) {
    const char *text = "[1,23]";
    for (size_t length = 0; length < 6; length++) {
        json_reader json = json_open(text, length);
        json_skip(&json);
        CHECK(!json_end(&json));
    }
}

int main(void) {
    what_is_json_and_what_is_not();
    nesting_has_an_end();
    members_are_read_and_others_passed_over();
    escapes_become_utf8();
    what_does_not_fit_is_a_failure();
    another_kind_of_value_is_a_failure();
    the_text_ends_where_it_was_said_to_end();
    puts(failures ? "FAILED" : "passed");
    return failures != 0;
}
