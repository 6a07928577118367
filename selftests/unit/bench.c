// SPDX-License-Identifier: GPL-2.0
/*
 * bench: figures of module/'s plain C.
 *
 *   bench [-j] [WHAT]	of WHAT (maglev, http1, http2, route), or of all, as text or JSON
 *   bench -p N		parses request N once: what is run under callgrind
 *   bench -q N		the same by Debian's libhttp-parser
 *   bench -2 N		reads and writes a request of HTTP/2 behind N others
 *
 * Times are CPU times, the least of several runs. Instructions are callgrind's, of
 * the parser's function and what it calls; without valgrind there are none, and
 * those of libhttp-parser only where that is installed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/kernel.h>

#include "http2/section.h"
#include "maglev_table.h"
#include "parse.h"
#include "pico.h"
#include "route/route.h"
#ifdef HAVE_HTTP_PARSER
#include <http_parser.h>
#endif

#define ENDPOINTS	1000
#define REMOVALS	20

/* A figure for both kinds of output: a name, a number, a unit or what it means. */
static bool json;
static u32 figures;

static void figure(const char *name, double value, const char *unit)
{
	figures++;
	if (json)
		printf("%s\n  \"%s\": %.6g", figures > 1 ? "," : "{", name, value);
	else
		printf("%-36s %12.6g  %s\n", name, value, unit);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double build_ms(struct maglev_table *t, u32 runs)
{
	double start, ms, least = 1e9;

	while (runs--) {
		start = cpu_ms();
		table_build(t, NULL);
		ms = cpu_ms() - start;
		least = ms < least ? ms : least;
	}
	return least;
}

static void bench_build(void)
{
	struct maglev_key *keys = table_keys(50000);
	u32 *weights = calloc(50000, sizeof(u32)), i;
	struct maglev_table t;

	for (i = 0; i < 50000; i++)
		weights[i] = 1 + i * 7 % 100;
	table_init(&t, keys, NULL, ENDPOINTS, MAGLEV_SIZE_DEFAULT);
	figure("maglev_build_ms", build_ms(&t, 20),
	       "CPU ms, 1000 endpoints, 65537 entries");
	table_free(&t);
	table_init(&t, keys, weights, ENDPOINTS, MAGLEV_SIZE_DEFAULT);
	figure("maglev_build_weighted_ms", build_ms(&t, 20),
	       "CPU ms, the same, weights 1 to 100");
	table_free(&t);
	weights[7] = UINT32_MAX;
	table_init(&t, keys, weights, 50000, MAGLEV_SIZE_MAX);
	figure("maglev_build_largest_ms", build_ms(&t, 1),
	       "CPU ms, 50000 endpoints, 5000011 entries, one heavy");
	table_free(&t);
	free(weights);
	free(keys);
}

static void bench_imbalance(const struct maglev_table *t)
{
	u32 i, least = UINT32_MAX, most = 0, *count = table_count(t);
	double average = (double)t->m.size / t->n;

	for (i = 0; i < t->n; i++) {
		least = count[i] < least ? count[i] : least;
		most = count[i] > most ? count[i] : most;
	}
	figure("maglev_max_over_average", most / average,
	       "entries of the most loaded endpoint");
	figure("maglev_min_over_average", least / average,
	       "entries of the least loaded endpoint");
	free(count);
}

/* One endpoint in REMOVALS different places goes. */
static void bench_disruption(const struct maglev_table *before,
			     const struct maglev_key *keys)
{
	struct maglev_key *left = calloc(ENDPOINTS, sizeof(*left));
	double share, sum = 0, most = 0;
	struct maglev_table after;
	u32 i, removed;

	for (i = 0; i < REMOVALS; i++) {
		removed = i * ENDPOINTS / REMOVALS;
		memcpy(left, keys, ENDPOINTS * sizeof(*left));
		left[removed] = left[ENDPOINTS - 1];
		table_init(&after, left, NULL, ENDPOINTS - 1, before->m.size);
		table_build(&after, NULL);
		share = 100.0 * table_moved(before, &after) / before->m.size;
		sum += share;
		most = share > most ? share : most;
		table_free(&after);
	}
	figure("maglev_moved_percent", sum / REMOVALS,
	       "% of flows move when 1 of 1000 goes, mean of 20");
	figure("maglev_moved_percent_max", most, "% at most");
	figure("maglev_removed_percent", 100.0 / ENDPOINTS,
	       "% is the share of the one that goes");
	free(left);
}

static void bench_maglev(void)
{
	struct maglev_key *keys = table_keys(ENDPOINTS);
	struct maglev_table t;

	bench_build();
	table_init(&t, keys, NULL, ENDPOINTS, MAGLEV_SIZE_DEFAULT);
	table_build(&t, NULL);
	bench_imbalance(&t);
	bench_disruption(&t, keys);
	table_free(&t);
	free(keys);
}

/* A request of curl; one of a browser, with a cookie of 2 KiB. */
static u32 request(char *buf, bool long_one)
{
	u32 len;

	if (!long_one)
		return sprintf(buf, "GET /reviews/1 HTTP/1.1\r\n"
			       "Host: shop.example\r\n"
			       "User-Agent: curl/7.88.1\r\n"
			       "Accept: */*\r\n\r\n");
	len = sprintf(buf, "GET /wp-content/uploads/2010/03/hello-kitty.jpg?v=2 HTTP/1.1\r\n"
		      "Host: www.shop.example\r\n"
		      "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
		      "Accept: image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8\r\n"
		      "Accept-Language: en-US,en;q=0.5\r\n"
		      "Accept-Encoding: gzip, deflate, br, zstd\r\n"
		      "Connection: keep-alive\r\n"
		      "Referer: http://www.shop.example/reviews/1\r\n"
		      "Cookie: session=");
	memset(buf + len, 'x', 2048);
	return len + 2048 + sprintf(buf + len + 2048, "\r\n\r\n");
}

static int parse_once(bool long_one)
{
	static struct message p;
	static char buf[8192];
	u32 len = request(buf, long_one);

	http1_init(&p, false);
	return parse_bytes(&p, buf, len) != HTTP1_DONE;
}

#ifdef HAVE_HTTP_PARSER
/* What http1 finds: the target's parts, and where each field's name and value are. */
static struct span names[MESSAGE_FIELDS_MAX], values[MESSAGE_FIELDS_MAX], target;
static u32 nfields;

static int on_url(http_parser *p, const char *at, size_t len)
{
	(void)p;
	target = (struct span){ at, len };
	return 0;
}

static int on_name(http_parser *p, const char *at, size_t len)
{
	(void)p;
	names[nfields] = (struct span){ at, len };
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
	(void)p;
	values[nfields++] = (struct span){ at, len };
	return 0;
}

static int on_complete(http_parser *p)
{
	struct http_parser_url url;

	(void)p;
	http_parser_url_init(&url);
	return http_parser_parse_url(target.p, target.len, 0, &url);
}

static int parse_by_library(bool long_one)
{
	http_parser_settings settings;
	static char buf[8192];
	u32 len = request(buf, long_one);
	http_parser p;

	http_parser_settings_init(&settings);
	settings.on_url = on_url;
	settings.on_header_field = on_name;
	settings.on_header_value = on_value;
	settings.on_headers_complete = on_complete;
	http_parser_init(&p, HTTP_REQUEST);
	return http_parser_execute(&p, &settings, buf, len) != len;
}
#else
static int parse_by_library(bool long_one)
{
	(void)long_one;
	return 1;
}
#endif

#ifdef HAVE_PICOHTTPPARSER
static int parse_by_pico(bool long_one)
{
	struct phr_header headers[MESSAGE_FIELDS_MAX];
	size_t method_len, path_len, n = MESSAGE_FIELDS_MAX;
	const char *method, *path;
	static char buf[8192];
	u32 len = request(buf, long_one);
	int minor;

	return phr_parse_request(buf, len, &method, &method_len, &path,
				 &path_len, &minor, headers, &n, 0) != (int)len;
}
#else
static int parse_by_pico(bool long_one)
{
	(void)long_one;
	return 1;
}
#endif

/*
 * HTTP/2: a request of gRPC, with twelve fields, of which one is another in each request.
 * It is read by one connection, and written to another.
 */
struct hops {
	struct hpack_encoder client, leg;
	struct hpack_decoder d;
	struct message m;
	char text[4096], block[4096], out[4096];
	u32 len;
};

static u32 write_grpc(struct hops *h, u32 number)
{
	static const struct {
		struct span name, value;
	} fields[] = {
		{ SPAN(":method"), SPAN("POST") }, { SPAN(":scheme"), SPAN("http") },
		{ SPAN(":path"), SPAN("/shop.v1.Reviews/ListReviews") },
		{ SPAN(":authority"), SPAN("reviews.shop.svc.cluster.local:8080") },
		{ SPAN("te"), SPAN("trailers") },
		{ SPAN("content-type"), SPAN("application/grpc") },
		{ SPAN("user-agent"), SPAN("grpc-go/1.64.0") },
		{ SPAN("grpc-accept-encoding"), SPAN("gzip, deflate, identity") },
		{ SPAN("grpc-timeout"), SPAN("1S") },
		{ SPAN("x-tenant"), SPAN("blue") },
		{ SPAN("x-forwarded-proto"), SPAN("http") },
	};
	char *to = hpack_encode_begin(&h->client, h->block), id[32];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		to = hpack_encode(&h->client, to, fields[i].name, fields[i].value, false);
	sprintf(id, "7f3a9c10-%08x", number * 2654435761U);
	to = hpack_encode(&h->client, to, SPAN("x-request-id"),
			  (struct span){ id, strlen(id) }, false);
	return to - h->block;
}

static int read_grpc(struct hops *h)
{
	struct span in = { h->block, h->len };
	struct section s;

	message_init(&h->m, false);
	section_begin(&s, &h->d, &h->m, SECTION_HEAD, false);
	return section_take(&s, &h->d, &h->m, &in) != SECTION_MORE ||
	       section_end(&s, &h->d, &h->m) != SECTION_DONE;
}

static u32 pass_grpc(struct hops *h)
{
	struct section_ways ways = { .scheme = SPAN("http") };
	struct edit e;

	edit_init(&e, &h->m, GFP_KERNEL);
	e.authority = message_authority(&h->m);
	e.path = message_path(&h->m);
	return section_write_request(&h->leg, &e, &ways, h->out, sizeof(h->out));
}

/* What callgrind counts, by these names. */
static __attribute__((noipa)) int measured_read(struct hops *h)
{
	return read_grpc(h);
}

static __attribute__((noipa)) u32 measured_write(struct hops *h)
{
	return pass_grpc(h);
}

static int grpc_once(u32 before)
{
	static char memory[3][8192] __attribute__((aligned(8)));
	static struct hpack_way ways[64];
	struct hops *h = calloc(1, sizeof(*h));
	u32 i;

	hpack_encoder_init(&h->client, memory[0], HPACK_TABLE_DEFAULT, 1);
	hpack_encoder_init(&h->leg, memory[1], HPACK_TABLE_DEFAULT, 1);
	hpack_encoder_remember(&h->leg, ways, ARRAY_SIZE(ways));
	hpack_decoder_init(&h->d, memory[2], HPACK_TABLE_DEFAULT);
	h->d.number = 1;
	h->m.text = h->text;
	h->m.cap = sizeof(h->text);
	for (i = 0; i < before; i++) {
		h->len = write_grpc(h, i);
		if (read_grpc(h))
			return 1;
		pass_grpc(h);
	}
	h->len = write_grpc(h, i);
	return measured_read(h) || !measured_write(h);
}

/* A request to one of @nhosts hosts of @nroutes routes each, half of them exact. */
static int match_once(u32 nhosts, u32 nroutes)
{
	size_t bytes = route_index_bytes(nroutes, false);
	struct route *all = calloc(nroutes, sizeof(*all));
	struct route **routes = calloc(nroutes, sizeof(*routes));
	struct virtual_host *vhosts = calloc(nhosts, sizeof(*vhosts)), *vh;
	struct route_table t = { .nvhosts = nhosts, .seed = 1 };
	const struct virtual_host *vhost;
	const struct route *found;
	struct route_request req;
	struct message p;
	struct span dup, *domain;
	char *texts = calloc(nhosts + nroutes, 64), *text = texts;
	char head[256];
	u32 i;

	for (i = 0; i < nroutes; i++, text += 64) {
		all[i].match.path_kind = i % 2 ? PATH_MATCH_EXACT :
						 PATH_MATCH_PREFIX;
		all[i].match.path.p = text;
		all[i].match.path.len = sprintf(text, "/api/v1/items%03u", i);
		routes[i] = &all[i];
	}
	t.vhosts = calloc(nhosts, sizeof(*t.vhosts));
	for (i = 0; i < nhosts; i++, text += 64) {
		vh = &vhosts[i];
		domain = calloc(1, sizeof(*domain));
		domain->p = text;
		domain->len = sprintf(text, "host%05u.example.com", i);
		vh->domains = domain;
		vh->ndomains = 1;
		vh->routes = routes;
		vh->nroutes = nroutes;
		t.vhosts[i] = vh;
		if (bytes)
			route_index_build(&vh->index, calloc(1, bytes), routes,
					  nroutes, false, i);
	}
	if (route_table_compile(&t, calloc(route_table_slots(&t),
					   sizeof(struct domain_slot)), &dup))
		return 1;
	sprintf(head, "GET /api/v1/items%03u/7 HTTP/1.1\r\nHost: host%05u.example.com\r\n\r\n",
		nroutes / 2, nhosts / 2);
	http1_init(&p, false);
	parse_bytes(&p, head, strlen(head));
	route_request_init(&req, &p);
	return !route_table_match(&t, &req, &vhost, &found) ||
	       found != &all[nroutes / 2];
}

struct parser {
	const char *option, *function, *name;
};

static const struct parser parsers[] = {
	{ "-p", "http1_parse", "http1" },
#ifdef HAVE_HTTP_PARSER
	{ "-q", "http_parser_execute", "libhttp_parser" },
#endif
#ifdef HAVE_PICOHTTPPARSER
	{ "-r", "phr_parse_request", "picohttpparser" },
#endif
};

/*
 * Return: instructions of one call of @function by this program with @arguments, or 0
 * if callgrind is not there.
 */
static unsigned long instructions(const char *function, const char *arguments)
{
	char self[4096], command[8192], line[256];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	unsigned long n = 0;
	FILE *out;

	if (len < 0)
		return 0;
	self[len] = '\0';
	snprintf(command, sizeof(command),
		 "valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=%s '%s' %s 2>&1",
		 function, self, arguments);
	out = popen(command, "r");
	if (!out)
		return 0;
	while (fgets(line, sizeof(line), out)) {
		char *at = strstr(line, "Collected :");

		if (at)
			n = strtoul(at + strlen("Collected :"), NULL, 10);
	}
	pclose(out);
	return n;
}

static void bench_parser(const struct parser *p, bool long_one)
{
	char name[64], buf[8192];
	unsigned long n;

	snprintf(name, sizeof(name), "%s %d", p->option, long_one);
	n = instructions(p->function, name);
	if (!n)
		return;
	snprintf(name, sizeof(name), "%s_%s_instructions", p->name,
		 long_one ? "long" : "short");
	figure(name, n, "to parse it");
	strcat(name, "_per_byte");
	figure(name, (double)n / request(buf, long_one), "");
}

static void bench_http1(void)
{
	char buf[8192];
	u32 i, k;

	for (i = 0; i < 2; i++) {
		figure(i ? "request_long_bytes" : "request_short_bytes",
		       request(buf, i), i ? "a browser's" : "curl's");
		for (k = 0; k < ARRAY_SIZE(parsers); k++)
			bench_parser(&parsers[k], i);
	}
}

static void bench_route(void)
{
	static const u32 hosts[] = { 1, 100, 10000 }, routes[] = { 1, 7, 100 };
	char name[64], arguments[64];
	unsigned long n;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(hosts); i++) {
		for (k = 0; k < ARRAY_SIZE(routes); k++) {
			snprintf(arguments, sizeof(arguments), "-l %u %u",
				 hosts[i], routes[k]);
			n = instructions("route_table_match", arguments);
			snprintf(name, sizeof(name),
				 "route_%u_hosts_of_%u_instructions", hosts[i],
				 routes[k]);
			if (n)
				figure(name, n, "to find a request's route");
		}
	}
}

static void bench_http2(void)
{
	static const char * const names[] = { "first", "fifth" };
	char name[64], arguments[16];
	unsigned long n;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(arguments, sizeof(arguments), "-2 %u", i * 4);
		snprintf(name, sizeof(name), "http2_read_%s_instructions", names[i]);
		n = instructions("measured_read", arguments);
		if (n)
			figure(name, n, "to read a request of gRPC on a connection");
		snprintf(name, sizeof(name), "http2_write_%s_instructions", names[i]);
		n = instructions("measured_write", arguments);
		if (n)
			figure(name, n, "to write it to a leg");
	}
}

static bool wanted(const char *what, int argc, char **argv)
{
	return argc == 1 || (argc == 2 && !strcmp(argv[1], what));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "-p"))
		return parse_once(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "-q"))
		return parse_by_library(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "-r"))
		return parse_by_pico(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "-2"))
		return grpc_once(atoi(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "-l"))
		return match_once(atoi(argv[2]), atoi(argv[3]));
	json = argc > 1 && !strcmp(argv[1], "-j");
	argc -= json;
	argv += json;
	if (wanted("maglev", argc, argv))
		bench_maglev();
	if (wanted("http1", argc, argv))
		bench_http1();
	if (wanted("http2", argc, argv))
		bench_http2();
	if (wanted("route", argc, argv))
		bench_route();
	if (!figures) {
		fprintf(stderr, "usage: bench [-j] [maglev|http1|route]\n");
		return 1;
	}
	if (json)
		printf("\n}\n");
	return 0;
}
