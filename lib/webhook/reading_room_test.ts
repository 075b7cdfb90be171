import { assertEquals } from "@std/assert";
import { openReadingRoom } from "./reading_room.ts";

Deno.test("openReadingRoom() lets everybody in, and shows out whoever has been there for longest", () => {
  const room = openReadingRoom(10);
  const [first, second] = [room.enter(4), room.enter(4)];
  first[Symbol.dispose]();
  const third = room.enter(6);
  assertEquals([second, third].map(({ signal }) => signal.aborted), [false, false]);
  const fourth = room.enter(3);
  assertEquals([second, third, fourth].map(({ signal }) => signal.aborted), [true, false, false]);
  const huge = room.enter(10);
  assertEquals([third, fourth, huge].map(({ signal }) => signal.aborted), [true, true, false]);
});
