/* SPDX-License-Identifier: GPL-2.0 */
/* unit: one function per test_*.c. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

void test_maglev(void);
void test_http1(void);
void test_message(void);
void test_opening(void);
void test_chunk(void);
void test_hello(void);
void test_hpack(void);
void test_frame(void);
void test_grpc(void);
void test_path(void);
void test_path_rewrite(void);
void test_path_template(void);
void test_regexp(void);
void test_ring(void);
void test_patience(void);
void test_peak_ewma(void);
void test_retry(void);
void test_outlier_rate(void);
void test_metadata(void);
void test_mux(void);
void test_port_list(void);
void test_options(void);
void test_policy(void);
void test_priority(void);
void test_proxy_header(void);
void test_route(void);
void test_section(void);
void test_stream_state(void);
void test_trailer_filter(void);
void test_trailer_lines(void);

#endif
