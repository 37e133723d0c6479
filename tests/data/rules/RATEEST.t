# -j RATEEST: feeds a rate estimator.
:mangle,PREROUTING
-j RATEEST --rateest-name est1 --rateest-interval 250ms --rateest-ewmalog 500ms;-j RATEEST --rateest-name est1 --rateest-interval 250.0ms --rateest-ewmalog 500.0ms;OK
-j RATEEST --rateest-name est2 --rateest-interval 500.0ms --rateest-ewmalog 2.0s;=;OK
-j RATEEST --rateest-name est3 --rateest-interval 1s --rateest-ewmalog 4s;-j RATEEST --rateest-name est3 --rateest-interval 1.0s --rateest-ewmalog 4.0s;OK
-j RATEEST --rateest-ewmalog 2s --rateest-interval 1s --rateest-name est4;-j RATEEST --rateest-name est4 --rateest-interval 1.0s --rateest-ewmalog 2.0s;OK
-j RATEEST;;FAIL
-j RATEEST --rateest-name est;;FAIL
-j RATEEST --rateest-name est --rateest-interval 1s;;FAIL
-j RATEEST --rateest-name est --rateest-interval x --rateest-ewmalog 1s;;FAIL
