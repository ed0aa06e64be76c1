/* A libmodbus client in lock-step: 125 input registers again and again.
 * modbus_client PORT SECONDS PROCESSOR PRIORITY; prints requests a second and processor
 * microseconds a request. PRIORITY 0: ordinary scheduling, else SCHED_FIFO. */

#define _GNU_SOURCE
#include <errno.h>
#include <modbus.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(atoi(argv[3]), &set);
    sched_setaffinity(0, sizeof set, &set);
    struct sched_param parameters = {.sched_priority = atoi(argv[4])};
    if (parameters.sched_priority > 0 && sched_setscheduler(0, SCHED_FIFO, &parameters)) {
        perror("SCHED_FIFO");
        return 1;
    }
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    if (modbus == NULL || modbus_set_slave(modbus, 1) || modbus_connect(modbus)) {
        fprintf(stderr, "%s\n", modbus_strerror(errno));
        return 1;
    }
    uint16_t words[125];
    double begin = now(), seconds = atof(argv[2]);
    unsigned long requests = 0;
    int address = 0;
    while (now() - begin < seconds) {
        if (modbus_read_input_registers(modbus, address, 125, words) != 125) {
            fprintf(stderr, "%s\n", modbus_strerror(errno));
            return 1;
        }
        address = (address + 125) % 10000;
        requests++;
    }
    double seconds_taken = now() - begin;
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    printf("%.1f %.3f\n", (double)requests / seconds_taken,
           ((double)used.tv_sec * 1e6 + (double)used.tv_nsec * 1e-3) / (double)requests);
    modbus_close(modbus);
    modbus_free(modbus);
    return 0;
}
