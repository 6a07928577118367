/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stats_list: the counters, as STAT(ID, "name"), and the kinds of objects, as
 * OBJECT(ID). stats.h and stats.c define one of the two and include this.
 */

#ifdef STAT
/* interception */
STAT(INTERCEPTED_L4, "intercepted_l4")
STAT(INTERCEPTED_PROXY, "intercepted_proxy")
STAT(INTERCEPTED_HTTP, "intercepted_http")
STAT(REFUSED_NO_ENDPOINT, "refused_no_endpoint")
STAT(REFUSED_NO_MEMORY, "refused_no_memory")
STAT(BYPASSED_BOUND_DEVICE, "bypassed_bound_device")
STAT(BYPASSED_MPTCP, "bypassed_mptcp")
STAT(BYPASSED_NO_LOOPBACK, "bypassed_no_loopback")
STAT(BYPASSED_FAMILY, "bypassed_family")

/* HTTP, downstream */
STAT(DOWNSTREAM_CONNECTIONS, "downstream_connections")
STAT(DOWNSTREAM_CLOSED, "downstream_connections_closed")
STAT(DOWNSTREAM_STRANGERS, "downstream_strangers_reset")
STAT(REQUESTS, "requests")
STAT(RESPONSES, "responses")
STAT(REQUESTS_ABANDONED, "requests_abandoned_by_client")
STAT(DOWNSTREAM_IDLE_TIMEOUT, "downstream_idle_timeout")
STAT(DOWNSTREAM_MAX_DURATION, "downstream_max_connection_duration")
STAT(DOWNSTREAM_MAX_REQUESTS, "downstream_max_requests_per_connection")
STAT(DOWNSTREAM_NO_ROOM, "downstream_buffer_full")

/* HTTP, local replies by reason */
STAT(REPLY_REDIRECT, "reply_redirect")
STAT(REPLY_PREFLIGHT, "reply_preflight")
STAT(REPLY_DIRECT, "reply_direct_response")
STAT(REPLY_FAULT, "reply_fault_abort")
STAT(FAULT_DELAYS, "fault_delays")
STAT(FAULT_RATES, "fault_response_rates")
STAT(REPLY_BAD_REQUEST, "reply_400_bad_request")
STAT(REPLY_NO_ROUTE, "reply_404_no_route")
STAT(REPLY_HEADERS_TIMEOUT, "reply_408_headers_timeout")
STAT(REPLY_REQUEST_TIMEOUT, "reply_408_request_timeout")
STAT(REPLY_STREAM_IDLE_TIMEOUT, "reply_408_stream_idle_timeout")
STAT(REPLY_BODY_TOO_LARGE, "reply_413_body_too_large")
STAT(REPLY_URI_TOO_LONG, "reply_414_uri_too_long")
STAT(REPLY_HEAD_TOO_LARGE, "reply_431_header_fields_too_large")
STAT(REPLY_TOO_MANY_FIELDS, "reply_431_too_many_header_fields")
STAT(REPLY_RATE_LIMITED, "reply_429_rate_limited")
STAT(REPLY_NOT_IMPLEMENTED, "reply_501_not_implemented")
STAT(REPLY_BAD_RESPONSE, "reply_502_bad_response")
STAT(REPLY_UPSTREAM_RESET, "reply_502_upstream_reset")
STAT(REPLY_NO_ENDPOINT, "reply_503_no_endpoint")
STAT(REPLY_CONNECT_FAILURE, "reply_503_connect_failure")
STAT(REPLY_CONNECT_TIMEOUT, "reply_503_connect_timeout")
STAT(REPLY_OVERFLOW, "reply_503_overflow")
STAT(REPLY_NO_MEMORY, "reply_503_no_memory")
STAT(REPLY_RESPONSE_TIMEOUT, "reply_504_response_timeout")
STAT(REPLY_ROUTE_TIMEOUT, "reply_504_route_timeout")
STAT(REPLY_VERSION, "reply_505_version")

/* HTTP, upstream */
STAT(LEGS_OPENED, "upstream_legs_opened")
STAT(LEGS_REUSED, "upstream_legs_reused")
STAT(LEGS_CLOSED, "upstream_legs_closed")
STAT(LEGS_IDLE_TIMEOUT, "upstream_legs_idle_timeout")
STAT(LEGS_RETRIED, "upstream_requests_retried")
STAT(RETRIES, "upstream_retries")
STAT(RETRIES_EXHAUSTED, "upstream_retries_exhausted")
STAT(RETRIES_OVERFLOW, "upstream_retries_overflow")
STAT(REQUESTS_PENDING, "upstream_requests_pending")
STAT(EJECTED_5XX, "outlier_ejected_consecutive_5xx")
STAT(EJECTED_GATEWAY, "outlier_ejected_consecutive_gateway_failure")
STAT(EJECTED_SUCCESS_RATE, "outlier_ejected_success_rate")
STAT(EJECTED_FAILURE_PERCENTAGE, "outlier_ejected_failure_percentage")
STAT(EJECTIONS_REFUSED, "outlier_ejections_refused")
STAT(UPSTREAM_NO_ROOM, "upstream_buffer_full")
STAT(TUNNELS, "tunnels_opened")
STAT(RESPONSES_CUT, "responses_cut_by_upstream")
STAT(STREAMS_TIMED_OUT, "streams_timed_out")

/* splice; the fallbacks in the order of enum splice_reason */
STAT(SPLICED, "spliced_connections")
STAT(SPLICE_DIRECT_BYTES, "splice_direct_bytes")
STAT(SPLICE_DIRECT_MESSAGES, "splice_direct_messages")
STAT(SPLICE_TCP_BYTES, "splice_tcp_bytes")
STAT(SPLICE_TCP_MESSAGES, "splice_tcp_messages")
STAT(SPLICE_SLOW_RECEIVER, "splice_tcp_slow_receiver")
STAT(SPLICE_SMALL_BUFFER, "splice_tcp_small_buffer")
STAT(SPLICE_UNDER_WAY, "splice_tcp_bytes_under_way")
STAT(SPLICE_SENDER_OPTION, "splice_tcp_sender_option")
STAT(SPLICE_RECEIVER_OPTION, "splice_tcp_receiver_option")
STAT(SPLICE_SPECIAL_MESSAGE, "splice_tcp_special_message")
STAT(SPLICE_NO_MEMORY, "splice_tcp_no_memory")
STAT(SPLICE_ENDED, "splice_tcp_ended")

/* engine */
STAT(RUN_INLINE, "engine_runs_inline")
STAT(RUN_DEFERRED, "engine_runs_deferred")

#endif

#ifdef OBJECT
OBJECT(MESH)
OBJECT(SNAPSHOT)
OBJECT(CLUSTER)
OBJECT(CLUSTER_STATE)
OBJECT(ENDPOINT)
OBJECT(LISTENER)
OBJECT(ROUTE_TABLE)
OBJECT(VIRTUAL_HOST)
OBJECT(ROUTE)
OBJECT(TXN)
OBJECT(REDIRECT)
OBJECT(CONN)
OBJECT(LEG)
OBJECT(SPLICE_PAIR)
#endif
