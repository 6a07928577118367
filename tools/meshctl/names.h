/* SPDX-License-Identifier: GPL-2.0 */
/*
 * names: the addresses of names, asked for by c-ares.
 *
 * A name is asked for as a cluster's "dns" says. What an answer means is Envoy's: that
 * there are no addresses, or no such name, is an answer; what failed leaves the last
 * answer as it was, of each family by itself. So do addresses of which none can be an
 * endpoint's. A logical name is one address, which is kept as long as it is among the
 * answers, and is never none.
 */
#ifndef MESHCTL_NAMES_H
#define MESHCTL_NAMES_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/select.h>

struct names;

/* What one family's question came to. */
struct lookup {
	struct name *name;
	json_t *addresses;	/* of the last answer, each as its key; NULL: none yet */
	int error;		/* c-ares's, of the last question; 0: answered */
	size_t unfit;		/* addresses of the last answer that were left out */
	char *why;		/* of the first of them */
	bool useless;		/* all of them were */
};

struct name {
	struct names *names;
	char *cluster;
	json_t *dns;		/* the cluster's, with its defaults */
	struct lookup lookups[2];	/* IPv4, IPv6 */
	json_t *addresses;	/* a list of texts; NULL: never answered */
	int64_t due;		/* ms: when to ask again */
	int64_t ttl;		/* ms, of the answer; -1: of no address */
	unsigned int asked;	/* questions that are not answered */
	bool fresh;		/* answered, or failed, and not looked at since */
	bool changed;		/* so are the addresses */
};

struct names {
	struct name **list;
	size_t count;
	json_t *index;		/* of the list, by cluster */
	const sigset_t *signals;	/* blocked while waiting; NULL: as they are */
	bool once;		/* what is fresh is not asked for again */
	size_t asked;		/* of them are not answered */
	struct ares_channeldata *channel;	/* while any is */
};

/* Milliseconds that only go on. */
int64_t names_now(void);

void names_init(struct names *names);
void names_free(struct names *names);

/*
 * The name of a cluster, as @dns says; one that is new, or is another, is due at once.
 * @current is a list of addresses that its endpoints have, which are taken for its last
 * answer; it may be NULL.
 */
struct name *names_add(struct names *names, const char *cluster, json_t *dns,
		       const json_t *current);

/* Forgets the clusters that are not keys of @clusters. */
void names_keep(struct names *names, const json_t *clusters);

/* Asks for those that are due; when the next is, as names_now() has it. */
int64_t names_ask(struct names *names);

/*
 * Waits for answers, until a descriptor of @others is readable (it is left in the
 * set), or until the time @until. False if a signal came.
 */
bool names_wait(struct names *names, fd_set *others, int max, int64_t until);

/* Asks for all, once, and waits for the answers; false if a signal came. */
bool names_ask_all(struct names *names);

/* Was the last question not answered, or with nothing of use, for every family? */
bool names_failed(const struct name *name);

/* What was wrong with its answers; NULL: nothing. Freed by the caller. */
char *names_trouble(const struct name *name);

#endif
