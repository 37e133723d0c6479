# -j LED: blinks; this kernel has no LEDs.
:filter,FORWARD
-j LED --led-trigger-id ssh;-j LED --led-trigger-id "ssh";OK;nokernel
-j LED --led-trigger-id ssh --led-delay 1000;-j LED --led-trigger-id "ssh" --led-delay 1000;OK;nokernel
-j LED --led-trigger-id ssh --led-always-blink;-j LED --led-trigger-id "ssh" --led-always-blink;OK;nokernel
-j LED --led-always-blink --led-delay 1000 --led-trigger-id ssh;-j LED --led-trigger-id "ssh" --led-delay 1000 --led-always-blink;OK;nokernel
-j LED;;FAIL
-j LED --led-trigger-id;;FAIL
-j LED --led-trigger-id ssh --led-delay x;;FAIL
