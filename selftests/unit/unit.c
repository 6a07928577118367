// SPDX-License-Identifier: GPL-2.0
/* unit: the unit tests of module/'s plain C. */
#include "tap.h"
#include "unit.h"

int main(void)
{
	test_maglev();
	test_http1();
	test_message();
	test_opening();
	test_chunk();
	test_hello();
	test_hpack();
	test_frame();
	test_grpc();
	test_path();
	test_path_rewrite();
	test_path_template();
	test_regexp();
	test_ring();
	test_patience();
	test_peak_ewma();
	test_retry();
	test_outlier_rate();
	test_metadata();
	test_mux();
	test_port_list();
	test_options();
	test_policy();
	test_priority();
	test_proxy_header();
	test_route();
	test_section();
	test_stream_state();
	test_trailer_filter();
	test_trailer_lines();
	return tap_end();
}
