// Forced into every file: calls that have a safe neighbour do not compile.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atof
