/* SPDX-License-Identifier: GPL-2.0 */
/*
 * validate: what fields must and must not go together.
 *
 * Rules look at values that are of their type and in their range; a field that
 * is not has been complained about and is not there. They serve files and the
 * command line alike.
 */
#ifndef MESHCTL_VALIDATE_H
#define MESHCTL_VALIDATE_H

#include "config.h"
#include "scope.h"

/* Required fields and the schema's own rule, for one mapping. */
void validate_body(const struct scope *scope, const json_t *body);

/* The same for a body made from the command line, and all that it nests. */
void validate_tree(const struct scope *scope, const json_t *body);

/* The rules that schemas name. */
void validate_hash_policy(const struct scope *scope, const json_t *body);
void validate_cluster(const struct scope *scope, const json_t *body);
void validate_listener(const struct scope *scope, const json_t *body);
void validate_path(const struct scope *scope, const json_t *body);
void validate_value_match(const struct scope *scope, const json_t *body);
void validate_range(const struct scope *scope, const json_t *body);
void validate_rewrite(const struct scope *scope, const json_t *body);
void validate_retry(const struct scope *scope, const json_t *body);
void validate_failure_accrual(const struct scope *scope, const json_t *body);
void validate_health_check(const struct scope *scope, const json_t *body);
void validate_dns(const struct scope *scope, const json_t *body);
void validate_session(const struct scope *scope, const json_t *body);
void validate_fault(const struct scope *scope, const json_t *body);
void validate_rate_limit(const struct scope *scope, const json_t *body);
void validate_cors(const struct scope *scope, const json_t *body);
void validate_header_op(const struct scope *scope, const json_t *body);
void validate_redirect(const struct scope *scope, const json_t *body);
void validate_direct_response(const struct scope *scope, const json_t *body);
void validate_authorization_source(const struct scope *scope, const json_t *body);
void validate_authorization_operation(const struct scope *scope,
				      const json_t *body);
void validate_authorization_condition(const struct scope *scope,
				      const json_t *body);
/* The same of Istio's, in manifests. */
void validate_istio_condition(const struct scope *scope, const json_t *body);
void validate_action(const struct scope *scope, const json_t *body);

#endif
