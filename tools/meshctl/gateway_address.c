// SPDX-License-Identifier: GPL-2.0
/*
 * A Gateway's spec.addresses are what its author would like to have. Who may write a
 * Gateway in a namespace of his own may not have what is sent to others.
 */
#include "gateway_priv.h"

#include <stdlib.h>

#include "value.h"

const char *gateway_special(const struct address *a)
{
	static const unsigned char loopback[16] = { [15] = 1 };

	if (a->len == 4 ? a->bytes[0] == 127 : !memcmp(a->bytes, loopback, 16))
		return "a loopback address";
	if (a->len == 4 && a->bytes[0] == 169 && a->bytes[1] == 254)
		return "a link-local address";
	return address_unfit(a);
}

/* Of all spellings one; NULL if it is none. */
static json_t *plain(const char *text)
{
	struct address a;

	return address_parse(text, &a) ? address_json(a.bytes, a.len) : NULL;
}

/* ---- whose an address is ---- */

static void note_owner(struct import *imp, const char *text)
{
	json_t *address = plain(text);

	if (address && !get(imp->services, json_string_value(address)))
		set_number(imp->services, json_string_value(address),
			   imp->at - imp->m->list);
	json_decref(address);
}

/* An externalIP is nobody's word but its author's: it keeps no address from anybody. */
void gateway_note_service(struct import *imp)
{
	const json_t *body = imp->at->body, *item;
	size_t i;

	note_owner(imp, object_get(get(body, "spec"), "clusterIP"));
	json_array_foreach(get2(body, "spec", "clusterIPs"), i, item)
		note_owner(imp, json_string_value(item));
	json_array_foreach(get2(get(body, "status"), "loadBalancer", "ingress"), i,
			   item)
		note_owner(imp, object_get(item, "ip"));
}

/* That this namespace has it: "" if it is not the only one. */
static void note_namespace(const struct import *imp, json_t *namespaces,
			   const char *address)
{
	const char *namespace = manifest_namespace(imp->at->body);

	if (get(namespaces, address) && !is(namespaces, address, namespace))
		namespace = "";
	set_text(namespaces, address, namespace);
}

/* Does another namespace have it? */
static bool is_others(const struct import *imp, const json_t *namespaces,
		      const char *address)
{
	return get(namespaces, address) &&
	       !is(namespaces, address, manifest_namespace(imp->at->body));
}

void gateway_note_slice(struct import *imp)
{
	const json_t *endpoint, *item;
	json_t *address;
	size_t i, k;

	json_array_foreach(get(imp->at->body, "endpoints"), i, endpoint)
		json_array_foreach(get(endpoint, "addresses"), k, item) {
			address = plain(json_string_value(item));
			if (address)
				note_namespace(imp, imp->endpoints,
					       json_string_value(address));
			json_decref(address);
		}
}

static const struct manifest *service_of(const struct import *imp,
					 const char *address)
{
	return get(imp->services, address) ?
	       &imp->m->list[number(imp->services, address)] : NULL;
}

/* One of a Service's clusterIPs, as a key of @good. */
static void take_own(struct import *imp, json_t *good, const json_t *service,
		     const char *text, const char *field)
{
	const struct manifest *owner;
	const char *special;
	json_t *address;
	struct address a;

	if (!address_parse(text, &a))
		return;
	address = address_json(a.bytes, a.len);
	owner = service_of(imp, json_string_value(address));
	special = gateway_special(&a);
	if (special)
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "the clusterIP %s is %s", text, special);
	else if (owner && owner->body != service)
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "the clusterIP %s is an older Service's", text);
	else
		json_object_set_new(good, json_string_value(address), json_true());
	json_decref(address);
}

static json_t *keys_of(json_t *object)
{
	json_t *list = must(json_array()), *value;
	const char *key;

	json_object_foreach(object, key, value)
		json_array_append_new(list, json_text(key, strlen(key)));
	json_decref(object);
	return list;
}

json_t *gateway_service_addresses(struct import *imp, const json_t *service,
				  const char *field)
{
	const json_t *spec = get(service, "spec"), *item;
	json_t *good = must(json_object());
	size_t i;

	take_own(imp, good, service, object_get(spec, "clusterIP"), field);
	json_array_foreach(get(spec, "clusterIPs"), i, item)
		take_own(imp, good, service, json_string_value(item), field);
	return keys_of(good);
}

/* ---- what a Gateway may have ---- */

static bool is_within(const struct address *a, const char *network)
{
	unsigned char bytes[NETWORK_BYTES_MAX], bits, mask;
	size_t whole;

	if (network_parse(network, bytes) != a->len + 1)
		return false;
	bits = bytes[a->len];
	whole = bits / 8;
	mask = 0xff00 >> bits % 8;
	return !memcmp(a->bytes, bytes, whole) &&
	       (!(bits % 8) || (a->bytes[whole] & mask) == bytes[whole]);
}

static bool is_for_gateways(const struct import *imp, const struct address *a)
{
	const json_t *item;
	size_t i;

	json_array_foreach(imp->networks, i, item)
		if (is_within(a, json_string_value(item)))
			return true;
	return false;
}

/*
 * Why the Gateway may not have an address that it asks for; NULL if it may. What a
 * controller has given it, in its status, is not asked for any more. An EndpointSlice's
 * word is its author's, which does not count within --addresses.
 */
static const char *refusal_of(const struct import *imp, const struct address *a,
			      const char *text)
{
	const char *namespace = manifest_namespace(imp->at->body);
	const struct manifest *service = service_of(imp, text);

	if (is_others(imp, imp->given, text))
		return "what another namespace's Gateway was given";
	if (service)
		return strcmp(manifest_namespace(service->body), namespace) ?
		       "the address of another namespace's Service" : NULL;
	if (imp->networks)
		return is_for_gateways(imp, a) ? NULL :
						 "in no network of --addresses";
	return is_others(imp, imp->endpoints, text) ?
	       "the address of another namespace's endpoint" : NULL;
}

/* The addresses of a list, as keys; what nothing can be sent to is left out. */
static json_t *given_to(struct import *imp, bool complain)
{
	json_t *given = must(json_object()), *address;
	const json_t *item;
	const char *special;
	struct address a;
	size_t i;

	json_array_foreach(get2(imp->at->body, "status", "addresses"), i, item) {
		if (!is(item, "type", "IPAddress") ||
		    !address_parse(object_get(item, "value"), &a))
			continue;
		special = gateway_special(&a);
		address = address_json(a.bytes, a.len);
		if (!special)
			json_object_set_new(given, json_string_value(address),
					    json_true());
		else if (complain)
			gateway_fail(imp, REASON_ADDRESS_NOT_USABLE,
				     "status.addresses", "%s is %s",
				     json_string_value(address), special);
		json_decref(address);
	}
	return given;
}

void gateway_note_given(struct import *imp)
{
	json_t *given = given_to(imp, false), *value;
	const char *address;

	json_object_foreach(given, address, value)
		note_namespace(imp, imp->given, address);
	json_decref(given);
}

/* One of spec.addresses; a value that is left out is whichever it is given. */
static void take_asked(struct import *imp, json_t *addresses, const json_t *item,
		       const json_t *given, bool complain)
{
	const char *value = object_get(item, "value"), *why, *text;
	json_t *address;
	struct address a;

	if (!is(item, "type", "IPAddress") || !address_parse(value, &a)) {
		if (complain && *value)
			gateway_fail(imp, REASON_UNSUPPORTED_ADDRESS,
				     "spec.addresses", "\"%s\" is not an IPv4 "
				     "or IPv6 address", value);
		return;
	}
	address = address_json(a.bytes, a.len);
	text = json_string_value(address);
	why = gateway_special(&a);
	if (!why && !get(given, text))
		why = refusal_of(imp, &a, text);
	if (!why)
		set_bool(addresses, text, get(given, text));
	else if (complain)
		gateway_fail(imp, REASON_ADDRESS_NOT_USABLE, "spec.addresses",
			     "%s is %s", text, why);
	json_decref(address);
}

/* As keys; true: it was given to it, false: it is only asked for. */
static json_t *addresses_of(struct import *imp, bool complain)
{
	json_t *given = given_to(imp, complain), *addresses = must(json_object());
	const json_t *item;
	size_t i;

	json_array_foreach(get2(imp->at->body, "spec", "addresses"), i, item)
		take_asked(imp, addresses, item, given, complain);
	if (!json_object_size(addresses))
		json_object_update(addresses, given);
	json_decref(given);
	return addresses;
}

json_t *gateway_addresses(struct import *imp)
{
	json_t *list = keys_of(addresses_of(imp, true));

	if (!json_array_size(list) && !gateway_has(imp, REASON_ADDRESS_NOT_USABLE))
		gateway_fail(imp, REASON_ADDRESS_NOT_ASSIGNED, "spec.addresses",
			     "an address is needed, here or in status.addresses");
	return list;
}

/* ---- who comes first ---- */

const char *gateway_claim(struct import *imp, const char *address,
			  json_int_t port, const char *owner)
{
	char *key = xasprintf("%s %lld", address, (long long)port);

	if (!get(imp->claims, key))
		set_text(imp->claims, key, owner);
	owner = object_get(imp->claims, key);
	free(key);
	return owner;
}

static void claim_ports(struct import *imp, const char *address)
{
	const json_t *gateway = imp->at->body, *listener;
	char *label = manifest_label(imp->at);
	size_t i;

	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener)
		if (gateway_listener_is_good(imp, gateway, listener))
			gateway_claim(imp, address, number(listener, "port"),
				      label);
	free(label);
}

static void claim(struct import *imp, bool given)
{
	const char *address;
	json_t *addresses, *value;

	if (imp->at->broken)
		return;
	addresses = addresses_of(imp, false);
	json_object_foreach(addresses, address, value)
		if (json_is_true(value) == given)
			claim_ports(imp, address);
	json_decref(addresses);
}

void gateway_claim_given(struct import *imp)
{
	claim(imp, true);
}

void gateway_claim_asked(struct import *imp)
{
	claim(imp, false);
}
