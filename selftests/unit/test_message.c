// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http/message.c and edit.c, and of how http1/head_write.c writes them:
 * also of messages that no HTTP/1 text has, as another codec fills them.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "http1/head.h"
#include "parse.h"
#include "tap.h"
#include "unit.h"

/* A message whose parts stand in its text one behind the other, without anything between. */

struct made {
	struct message m;
	char text[1024];
};

static u16 made_put(struct made *made, const char *s)
{
	u16 at = made->m.len;

	memcpy(made->text + at, s, strlen(s));
	made->m.len += strlen(s);
	return at;
}

static void made_begin(struct made *made, bool response)
{
	message_init(&made->m, response);
	made->m.text = made->text;
	made->m.len = 0;
	made->m.cap = sizeof(made->text);
	made->m.minor = 1;
}

static void made_field(struct made *made, const char *name, const char *value)
{
	struct message *m = &made->m;
	struct message_field *f = &m->fields[m->nfields++];

	f->name = made_put(made, name);
	f->name_len = strlen(name);
	f->value = made_put(made, value);
	f->value_len = strlen(value);
	f->id = field_id_of(name, strlen(name));
	f->hop = false;
	m->names |= 1u << f->id;
}

static void made_request(struct made *made)
{
	struct message *m = &made->m;

	made_begin(made, false);
	m->method = made_put(made, "GET");
	m->method_len = 3;
	m->path = made_put(made, "/a");
	m->path_len = 2;
	m->authority = made_put(made, "b.example:80");
	m->authority_len = 12;
	m->host = m->authority;
	m->host_len = 9;
	made_field(made, "x-one", ": 1\r\n");
	made_field(made, "via", "2 c");
	made_field(made, "x-one", "2");
}

static void begin_edit(struct edit *e, const struct message *m)
{
	edit_init(e, m, GFP_KERNEL);
	e->authority = message_authority(m);
	e->path = message_path(m);
}

static void request_is(struct edit *e, const char *wanted, const char *what)
{
	struct head_ways ways = { 0 };
	struct out out = { 0 };

	if (head_write_request(e, &ways, GFP_KERNEL, &out)) {
		tap_ok(false, "message: %s", what);
		return;
	}
	out.data = realloc(out.data, out.len + 1);
	out.data[out.len] = 0;
	tap_is(out.data, wanted, "message: %s", what);
	free(out.data);
}

static void test_find(void)
{
	struct made made;
	const struct message_field *f;

	made_request(&made);
	f = message_find(&made.m, SPAN("X-One"));
	tap_ok(f == &made.m.fields[0], "message: the first field of a name");
	f = message_find_from(&made.m, SPAN("X-One"), f + 1);
	tap_ok(f == &made.m.fields[2], "message: the next field of a name");
	tap_ok(!message_find_from(&made.m, SPAN("x-one"), f + 1),
	       "message: no more fields of a name");
	tap_ok(span_eq(message_get(&made.m, SPAN("via")), SPAN("2 c")) &&
	       !message_get(&made.m, SPAN("vi")).len, "message: a field's value");
	tap_ok(made.m.fields[1].id == FIELD_VIA &&
	       made.m.fields[0].id == FIELD_OTHER, "message: ids of names");
}

/* The first value is none that a codec lets in: that it is written whole shows by whom. */
static void test_request(void)
{
	struct made made;
	struct edit e;

	made_request(&made);
	begin_edit(&e, &made.m);
	request_is(&e, "GET /a HTTP/1.1\r\nhost: b.example:80\r\n"
		   "x-one: : 1\r\n\r\nvia: 2 c\r\nx-one: 2\r\n\r\n",
		   "one without lines is written in lines");
	edit_free(&e);

	begin_edit(&e, &made.m);
	edit_drop(&e, &made.m.fields[0]);
	edit_replace(&e, &made.m.fields[1], SPAN("2 c, 1.1 d"));
	edit_add(&e, SPAN("x-two"), SPAN("3"));
	e.late = e.n;
	edit_add(&e, SPAN("x-late"), SPAN("4"));
	e.authority = SPAN("e");
	e.path = SPAN("/f");
	e.rewrites = true;
	made.m.framing = BODY_LENGTH;
	made.m.content_length = 5;
	request_is(&e, "GET /f HTTP/1.1\r\nhost: e\r\nvia: 2 c, 1.1 d\r\n"
		   "x-one: 2\r\nx-two: 3\r\ncontent-length: 5\r\nx-late: 4\r\n\r\n",
		   "... with what an edit says");
	e.fields[0].name.len = 0;
	e.fields[1].name.len = 0;
	request_is(&e, "GET /f HTTP/1.1\r\nhost: e\r\nx-one: 2\r\n"
		   "content-length: 5\r\nx-late: 4\r\n\r\n",
		   "... and takes back");
	edit_free(&e);
}

static void test_raw(void)
{
	static const char text[] =
		"GET /a?b HTTP/1.1\r\nA: 1\r\nHOST: c\r\nB: 2\r\n\r\n";
	struct message m;
	struct edit e;

	http1_init(&m, false);
	parse_bytes(&m, text, sizeof(text) - 1);
	begin_edit(&e, &m);
	request_is(&e, text, "one that nothing changed is written as it came");
	edit_add(&e, SPAN("d"), SPAN("3"));
	request_is(&e, "GET /a?b HTTP/1.1\r\nA: 1\r\nHOST: c\r\nB: 2\r\nd: 3\r\n\r\n",
		   "... with fields that come besides");
	edit_drop(&e, &m.fields[0]);
	edit_replace(&e, &m.fields[2], SPAN("4"));
	request_is(&e, "GET /a?b HTTP/1.1\r\nHOST: c\r\nB: 4\r\nd: 3\r\n\r\n",
		   "... but for fields that do not go on");
	m.raw = false;
	request_is(&e, "GET /a?b HTTP/1.1\r\nhost: c\r\nB: 4\r\nd: 3\r\n\r\n",
		   "... and anew if anything else is changed");
	edit_free(&e);
}

/* More fields, and longer ones, than there is room for on the stack. */
static void test_room(void)
{
	struct made made;
	char *long_one;
	bool room = true;
	struct edit e;
	u32 i;

	made_request(&made);
	begin_edit(&e, &made.m);
	for (i = 0; i < 3 * EDIT_FIELDS; i++) {
		room &= !edit_reserve(&e, 1);
		edit_add(&e, SPAN("n"), SPAN("v"));
	}
	tap_ok(room && e.n == 3 * EDIT_FIELDS && span_eq(e.fields[0].value, SPAN("v")),
	       "message: many fields of an edit");
	long_one = edit_text(&e, 100 * EDIT_TEXT);
	memset(long_one, 'x', 100 * EDIT_TEXT);
	memset(edit_text(&e, EDIT_TEXT), 'y', EDIT_TEXT);
	tap_ok(long_one[100 * EDIT_TEXT - 1] == 'x', "message: texts of an edit");
	edit_free(&e);
}

static void test_reply(void)
{
	struct head_reply r = {
		.status = 404, .reason = "Not Found", .framing = BODY_LENGTH,
		.content_length = 3, .body = SPAN("no"), .line = true,
	};
	struct out out = { 0 };
	struct edit e;

	edit_init(&e, &message_none, GFP_KERNEL);
	edit_add(&e, SPAN("a"), SPAN("1"));
	tap_ok(!head_write_reply(&e, &r, GFP_KERNEL, &out) &&
	       span_eq((struct span){ out.data, out.len },
		       SPAN("HTTP/1.1 404 Not Found\r\na: 1\r\ncontent-length: 3\r\n"
			    "\r\nno\n")), "message: a response of the mesh's own");
	free(out.data);
}

static void test_get(void)
{
	struct head_get get = { SPAN("/up?a=b"), SPAN("web"), SPAN("me") };
	struct out out = { 0 };

	tap_ok(!head_write_get(&get, GFP_KERNEL, &out) &&
	       span_eq((struct span){ out.data, out.len },
		       SPAN("GET /up?a=b HTTP/1.1\r\nhost: web\r\nuser-agent: me\r\n"
			    "connection: close\r\n\r\n")), "message: a request of the mesh's own");
	free(out.data);
}

void test_message(void)
{
	test_find();
	test_request();
	test_raw();
	test_room();
	test_reply();
	test_get();
}
